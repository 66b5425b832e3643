package org.invp.bank;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The shapes that each stage asks for, checked before native code assumes them; the same on every
 * device.
 */
final class StageShapes {
  private StageShapes() {}

  /** D of [N, D]. */
  static int dimension(FloatTensor rows) {
    return Shapes.extent("dimension", rows.shape(1));
  }

  /** k of [N, k]. */
  static int neighbours(IntTensor graph) {
    return Shapes.extent("neighbours", graph.shape(1));
  }

  /** B, of {@link BankEngine#normalise}. */
  static int normalise(FloatTensor embeddings, FloatTensor unit, FloatTensor norms) {
    int batch = Shapes.extent("batch", embeddings.shape(0));
    Shapes.require("unit", unit.shape(), embeddings.shape());
    Shapes.require("norms", norms.shape(), batch);
    return batch;
  }

  /** B and M, of {@link BankEngine#nearest}. */
  record Search(int batch, int count) {
    static Search of(FloatTensor bank, FloatTensor queries, IntTensor ids, FloatTensor scores) {
      int batch = Shapes.extent("batch", queries.shape(0));
      int count = Shapes.extent("count", ids.shape(1));
      Shapes.require("queries", queries.shape(), batch, bank.shape(1));
      Shapes.require("ids", ids.shape(), batch, count);
      Shapes.require("scores", scores.shape(), batch, count);
      return new Search(batch, count);
    }
  }

  /** B, of {@link BankEngine#walk}. */
  static int walk(IntTensor graph, IntTensor anchors, int steps, IntTensor positives) {
    int batch = Shapes.extent("batch", anchors.shape(0));
    int width = BankEngine.walkWidth(neighbours(graph), steps);
    Shapes.require("positives", positives.shape(), batch, width);
    return batch;
  }

  /** B and W, of {@link BankEngine#score}. */
  record Lists(int batch, int width) {
    static Lists of(FloatTensor bank, FloatTensor unit, IntTensor ids, FloatTensor scores) {
      int batch = Shapes.extent("batch", ids.shape(0));
      int width = Shapes.extent("width", ids.size() / batch);
      Shapes.require("unit", unit.shape(), batch, bank.shape(1));
      Shapes.require("scores", scores.shape(), ids.shape());
      return new Lists(batch, width);
    }
  }

  /** B, W and P, of {@link BankEngine#select}. */
  record Choice(int batch, int width, int count) {
    static Choice of(
        IntTensor anchors,
        IntTensor ids,
        FloatTensor scores,
        IntTensor chosen,
        FloatTensor chosenScores) {
      int batch = Shapes.extent("batch", ids.shape(0));
      int count = Shapes.extent("count", chosen.shape(1));
      Shapes.require("anchors", anchors.shape(), batch);
      Shapes.require("scores", scores.shape(), ids.shape());
      Shapes.require("chosen", chosen.shape(), batch, count);
      Shapes.require("chosen scores", chosenScores.shape(), batch, count);
      return new Choice(batch, Shapes.extent("width", ids.shape(1)), count);
    }
  }

  /** B, of {@link BankEngine#objective}. */
  static int objective(FloatTensor bank, StepTensors step, FloatTensor gradient) {
    int batch = Shapes.extent("batch", step.anchors().shape(0));
    Shapes.require("unit", step.unit().shape(), batch, bank.shape(1));
    Shapes.require("gradient", gradient.shape(), batch, bank.shape(1));
    step.requireBatch(batch);
    return batch;
  }

  /** B and M, of {@link BankEngine#updateGraph}. */
  static Search updateGraph(IntTensor anchors, IntTensor nearest, FloatTensor nearestScores) {
    int batch = Shapes.extent("batch", anchors.shape(0));
    Shapes.require("nearest scores", nearestScores.shape(), nearest.shape());
    Shapes.require("nearest", nearest.shape(), batch, nearest.shape(1));
    return new Search(batch, Shapes.extent("count", nearest.shape(1)));
  }

  /** B, of {@link BankEngine#updateBank}. */
  static int updateBank(FloatTensor bank, IntTensor anchors, FloatTensor unit) {
    int batch = Shapes.extent("batch", anchors.shape(0));
    Shapes.require("unit", unit.shape(), batch, bank.shape(1));
    return batch;
  }
}
