package org.invp.bank;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * What a process knows of a step's anchors, those of all processes, when the bank lies in shards.
 * Ids are those of the whole bank, but for {@code nearest}. The tensors stay their owner's.
 *
 * @param anchors [B], the images
 * @param ownScores [B], each embedding with the anchor's own row
 * @param ownInside [B], not 0 where the anchor's own row belongs to N_M
 * @param nearest [B, m], the rows of N_M that lie here, by their places here
 * @param nearestScores [B, m]
 * @param counts [B], how many of the m belong to N_M
 * @param positives [B, W], the walk
 * @param chosen [B, P], the selected positives
 * @param chosenScores [B, P]
 * @param maxima [B, 2], the largest score of N_M and of the negatives
 */
public record ShardTensors(
    IntTensor anchors,
    FloatTensor ownScores,
    IntTensor ownInside,
    IntTensor nearest,
    FloatTensor nearestScores,
    IntTensor counts,
    IntTensor positives,
    IntTensor chosen,
    FloatTensor chosenScores,
    FloatTensor maxima) {

  /** B, after all shapes were checked. */
  int batch() {
    int batch = Shapes.extent("batch", anchors.shape(0));
    Shapes.require("own scores", ownScores.shape(), batch);
    Shapes.require("own inside", ownInside.shape(), batch);
    Shapes.require("nearest", nearest.shape(), batch, nearest.shape(1));
    Shapes.require("nearest scores", nearestScores.shape(), nearest.shape());
    Shapes.require("counts", counts.shape(), batch);
    Shapes.require("positives", positives.shape(), batch, positives.shape(1));
    Shapes.require("chosen", chosen.shape(), batch, chosen.shape(1));
    Shapes.require("chosen scores", chosenScores.shape(), chosen.shape());
    Shapes.require("maxima", maxima.shape(), batch, 2);
    return batch;
  }

  int nearestCount() {
    return (int) nearest.shape(1);
  }

  int walkWidth() {
    return (int) positives.shape(1);
  }

  int chosenCount() {
    return (int) chosen.shape(1);
  }
}
