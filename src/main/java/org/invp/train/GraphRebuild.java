package org.invp.train;

import org.invp.config.TrainingConfig;
import org.invp.objective.GraphUpdate;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * With {@code training.graph: epoch}, replaces the neighbour graph by the exact one of the whole
 * bank at the start of every {@code training.graph_every}-th epoch, counted from the first epoch
 * that begins with embeddings in the bank. Borrows the state.
 *
 * <p>An epoch that is resumed in its middle goes on with the graph of its checkpoint; one that is
 * resumed at its start rebuilds the same graph from the same bank.
 */
final class GraphRebuild {
  private static final Logger LOG = LoggerFactory.getLogger(GraphRebuild.class);
  private static final double NANOS = 1e-9;

  private final TrainingConfig config;
  private final TrainingState state;
  private final Runnable betweenSearches;

  /**
   * @param betweenSearches called every few thousand rows; it ends a rebuild by throwing
   */
  GraphRebuild(TrainingConfig config, TrainingState state, Runnable betweenSearches) {
    this.config = config;
    this.state = state;
    this.betweenSearches = betweenSearches;
  }

  /** Rebuilds the graph if the epoch at whose start the run stands is one that asks for it. */
  void beforeEpoch(TrainingListener listener) {
    Position position = state.position();
    if (position.batch() > 0 || !isDue(config, position.epoch())) {
      return;
    }
    long start = System.nanoTime();
    listener.phase("exact neighbour graph");
    state
        .graph()
        .rebuild(
            state.bank(),
            (done, total) -> {
              listener.phase("exact neighbour graph, %d %%".formatted(100L * done / total));
              betweenSearches.run();
            });
    double seconds = (System.nanoTime() - start) * NANOS;
    state.totals().addGraphSeconds(seconds);
    LOG.info("epoch {}: exact neighbour graph in {} s", position.epoch(), seconds);
  }

  /** Whether the graph is rebuilt at the start of an epoch, counted from 1. */
  static boolean isDue(TrainingConfig config, int epoch) {
    int first = config.objective().bankStart() == BankStart.FEATURES ? 1 : 2;
    return config.training().graph() == GraphUpdate.EPOCH
        && epoch >= first
        && (epoch - first) % config.training().graphEvery() == 0;
  }
}
