package org.invp.train;

/** Is told what a trainer does, on the trainer's thread; every method does nothing by default. */
public interface TrainingListener {
  /** Something that takes a while begins, for example an evaluation. */
  default void phase(String what) {}

  /**
   * An epoch begins or goes on.
   *
   * @param epoch counted from 1
   * @param epochs of the whole run
   * @param firstBatch batches of this epoch that were done before
   * @param batches of the whole epoch
   */
  default void epochStarted(int epoch, int epochs, int firstBatch, int batches) {}

  /**
   * A step is done.
   *
   * @param images in its batch
   * @param meanLoss mean loss of the epoch so far
   */
  default void stepDone(StepMetrics step, int images, double meanLoss) {}

  /** An epoch is done and evaluated. */
  default void epochDone(EpochMetrics metrics) {}

  /** Something deserves attention; one line. */
  default void warning(String message) {}

  /** The run is complete. */
  default void finished(FinalMetrics metrics) {}
}
