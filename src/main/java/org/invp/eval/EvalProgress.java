package org.invp.eval;

/** Hears how far an evaluation that trains something has come, on the thread that runs it. */
public interface EvalProgress {
  /** Hears nothing. */
  EvalProgress NONE = new EvalProgress() {};

  /** Something other than training begins; a few words. */
  default void phase(String what) {}

  /**
   * An epoch begins.
   *
   * @param epoch counted from 1
   */
  default void epochStarted(int epoch, int epochs, int batches) {}

  /**
   * A step is done.
   *
   * @param images in its batch
   * @param meanLoss mean loss of the epoch so far
   */
  default void stepDone(int images, double meanLoss) {}

  /** An epoch is done. */
  default void epochDone(EpochReport report) {}
}
