package org.invp.objective;

import java.util.ArrayList;
import java.util.List;
import org.invp.bank.BankEngine;
import org.invp.bank.StepTensors;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The tensors that one step fills, in the engine's memory, reused from step to step; shapes as in
 * {@link StepTensors}.
 */
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

  static StepBuffers allocate(
      BankEngine engine, long batch, int dimension, int nearest, int walk, int chosen) {
    AllOrNone memory = new AllOrNone(engine);
    try {
      return new StepBuffers(
          memory.floats(batch, dimension),
          memory.floats(batch),
          memory.floats(batch),
          memory.ints(batch, nearest),
          memory.floats(batch, nearest),
          memory.ints(batch, walk),
          memory.floats(batch, walk),
          memory.ints(batch, chosen),
          memory.floats(batch, chosen));
    } catch (RuntimeException | Error e) {
      memory.release();
      throw e;
    }
  }

  /** Gives back what was allocated so far when the memory does not suffice for the rest. */
  private static final class AllOrNone {
    private final BankEngine engine;
    private final List<Runnable> releases = new ArrayList<>();

    AllOrNone(BankEngine engine) {
      this.engine = engine;
    }

    FloatTensor floats(long... shape) {
      FloatTensor tensor = engine.allocateFloats(shape);
      releases.add(tensor::close);
      return tensor;
    }

    IntTensor ints(long... shape) {
      IntTensor tensor = engine.allocateInts(shape);
      releases.add(tensor::close);
      return tensor;
    }

    void release() {
      releases.forEach(Runnable::run);
    }
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
