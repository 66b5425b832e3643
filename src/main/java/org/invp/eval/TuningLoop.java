package org.invp.eval;

import org.invp.internal.Text;
import org.invp.nn.Classifier.Statistics;

/**
 * The loop of {@link FineTuning}.
 *
 * @param epochs how often every image is seen, at least 1
 * @param batchSize images per step, at least 1; an incomplete last batch is used
 * @param momentum of SGD, 0 to 1
 * @param nesterov whether it is Nesterov's
 * @param weightDecay on all parameters, at least 0
 * @param statistics what batch normalisation does
 * @param testEvery epochs between tests; 0 for one at the end only, where there is always one
 * @param seed of the classifier's first weights, the order of images and their views
 */
public record TuningLoop(
    int epochs,
    int batchSize,
    double momentum,
    boolean nesterov,
    double weightDecay,
    Statistics statistics,
    int testEvery,
    long seed) {
  /** Checks the ranges that nothing else checks. */
  public TuningLoop {
    if (epochs < 1 || batchSize < 1 || testEvery < 0) {
      throw new IllegalArgumentException(
          Text.format(
              "%d epochs, batches of %d, a test every %d epochs; allowed: at least 1, 1 and 0",
              epochs, batchSize, testEvery));
    }
  }
}
