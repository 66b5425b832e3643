package org.invp.bank;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * What the stages of one training step hand to the objective. The tensors stay their owner's.
 *
 * @param anchors [B], rows of the batch
 * @param unit [B, D], normalised embeddings
 * @param norms [B], norms before
 * @param ownScores [B], each embedding with the anchor's own row
 * @param nearest [B, M], ascending ids
 * @param nearestScores [B, M]
 * @param positives [B, W], the walk
 * @param chosen [B, P], the selected positives
 * @param chosenScores [B, P]
 */
public record StepTensors(
    IntTensor anchors,
    FloatTensor unit,
    FloatTensor norms,
    FloatTensor ownScores,
    IntTensor nearest,
    FloatTensor nearestScores,
    IntTensor positives,
    IntTensor chosen,
    FloatTensor chosenScores) {

  void requireBatch(int batch) {
    Shapes.require("norms", norms.shape(), batch);
    Shapes.require("own scores", ownScores.shape(), batch);
    Shapes.require("nearest", nearest.shape(), batch, nearest.shape(1));
    Shapes.require("nearest scores", nearestScores.shape(), nearest.shape());
    Shapes.require("positives", positives.shape(), batch, positives.shape(1));
    Shapes.require("chosen", chosen.shape(), batch, chosen.shape(1));
    Shapes.require("chosen scores", chosenScores.shape(), chosen.shape());
  }
}
