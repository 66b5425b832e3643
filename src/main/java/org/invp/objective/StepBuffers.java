package org.invp.objective;

import org.invp.bank.StepTensors;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** The tensors that one step fills, reused from step to step; shapes as in {@link StepTensors}. */
record StepBuffers(
    FloatTensor unit,
    FloatTensor norms,
    FloatTensor ownScores,
    IntTensor nearest,
    FloatTensor nearestScores,
    IntTensor positives,
    FloatTensor positiveScores,
    IntTensor chosen,
    FloatTensor chosenScores)
    implements AutoCloseable {

  static StepBuffers allocate(long batch, int dimension, int nearest, int walk, int chosen) {
    return new StepBuffers(
        FloatTensor.allocate(batch, dimension),
        FloatTensor.allocate(batch),
        FloatTensor.allocate(batch),
        IntTensor.allocate(batch, nearest),
        FloatTensor.allocate(batch, nearest),
        IntTensor.allocate(batch, walk),
        FloatTensor.allocate(batch, walk),
        IntTensor.allocate(batch, chosen),
        FloatTensor.allocate(batch, chosen));
  }

  long capacity() {
    return norms.shape(0);
  }

  /** The first {@code batch} rows of every tensor, sharing the memory. */
  StepBuffers slice(long batch) {
    return new StepBuffers(
        unit.slice(batch),
        norms.slice(batch),
        ownScores.slice(batch),
        nearest.slice(batch),
        nearestScores.slice(batch),
        positives.slice(batch),
        positiveScores.slice(batch),
        chosen.slice(batch),
        chosenScores.slice(batch));
  }

  StepTensors tensors(IntTensor anchors) {
    return new StepTensors(
        anchors, unit, norms, ownScores, nearest, nearestScores, positives, chosen, chosenScores);
  }

  @Override
  public void close() {
    unit.close();
    norms.close();
    ownScores.close();
    nearest.close();
    nearestScores.close();
    positives.close();
    positiveScores.close();
    chosen.close();
    chosenScores.close();
  }
}
