package org.invp.train;

import org.invp.config.LoopConfig;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces all rows of the memory bank by the embeddings that the network gives of the training
 * images, in evaluation mode and without augmentation: once before the first step with {@code
 * objective.bank_start: features}, and with {@code training.bank_refresh: epoch} at the start of
 * every {@code training.bank_refresh_every}-th epoch, counted from the second. Of several ranks
 * each computes its own rows. Borrows the state.
 *
 * <p>Training writes a row once an epoch, from an augmented view; meanwhile the network moves on,
 * so that the neighbours in such a bank are largely noise while the rate is high. An interrupted
 * refresh leaves rows of both kinds; the epoch that resumes computes all of them again, from the
 * same network.
 */
final class BankRefresh {
  private static final Logger LOG = LoggerFactory.getLogger(BankRefresh.class);
  private static final int FIRST = 2;
  private static final double NANOS = 1e-9;

  private final TrainingConfig config;
  private final TrainingState state;
  private final Evaluator evaluator;

  /**
   * @param evaluator prepares images as evaluations do; its pauses end a refresh by throwing
   */
  BankRefresh(TrainingConfig config, TrainingState state, Evaluator evaluator) {
    this.config = config;
    this.state = state;
    this.evaluator = evaluator;
  }

  /** Computes all rows. */
  void run(TrainingListener listener) {
    long start = System.nanoTime();
    String phase =
        state.position().step() == 0
            ? "filling the memory bank with the network's first embeddings"
            : "refreshing the memory bank";
    listener.phase(phase);
    evaluator.fillBank(
        (done, total) -> listener.phase(Text.format("%s, %d %%", phase, 100L * done / total)));
    double seconds = (System.nanoTime() - start) * NANOS;
    state.totals().addRefreshSeconds(seconds);
    LOG.info("epoch {}: {}: {} s", state.position().epoch(), phase, seconds);
  }

  /** Whether the run stands at a moment that asks for it. */
  boolean isDue() {
    Position position = state.position();
    boolean starts = position.step() == 0 && config.objective().bankStart() == BankStart.FEATURES;
    return starts || (position.batch() == 0 && isDue(config, position.epoch()));
  }

  /** Whether the bank is refreshed at the start of an epoch, counted from 1. */
  static boolean isDue(TrainingConfig config, int epoch) {
    return config.training().bankRefresh() == LoopConfig.BankRefresh.EPOCH
        && epoch >= FIRST
        && (epoch - FIRST) % config.training().bankRefreshEvery() == 0;
  }
}
