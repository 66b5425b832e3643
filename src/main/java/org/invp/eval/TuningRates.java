package org.invp.eval;

/** The learning rates of a network that is tuned and of the classifier on it. */
public interface TuningRates {
  /**
   * The backbone's.
   *
   * @param epoch counted from 1
   * @param step counted from 0 over the whole training
   */
  double backbone(int epoch, long step);

  /** The classifier's; by default the backbone's. */
  default double classifier(int epoch, long step) {
    return backbone(epoch, step);
  }
}
