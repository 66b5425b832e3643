package org.invp.train;

import java.util.function.Supplier;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.objective.GraphUpdate;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.sharded.ShardedInvariancePropagation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * With {@code training.graph: epoch}, replaces the neighbour graph by the exact one of the whole
 * bank, or by what another {@link GraphBuilder} makes of it, at the start of every {@code
 * training.graph_every}-th epoch, counted from the first epoch that begins with embeddings in the
 * bank, and after every {@linkplain BankRefresh refresh} of the bank. With {@code training.graph:
 * pixels}, once before the first step by the exact one of the training images' raw pixels. Borrows
 * the state.
 *
 * <p>An epoch that is resumed in its middle goes on with the graph of its checkpoint; one that is
 * resumed at its start rebuilds the same graph from the same bank.
 */
final class GraphRebuild {
  private static final Logger LOG = LoggerFactory.getLogger(GraphRebuild.class);
  private static final double NANOS = 1e-9;

  private final TrainingConfig config;
  private final TrainingState state;
  private final ProcessGroup group;
  private final GraphBuilder builder;
  private final Supplier<MemoryBank> pixels;
  private final Runnable betweenSearches;

  /**
   * @param builder of a graph that one process holds; shards are always rebuilt exactly
   * @param pixels gives this rank's raw pixels, to be closed
   * @param betweenSearches called every few thousand rows; it ends a rebuild by throwing
   */
  GraphRebuild(
      TrainingConfig config,
      TrainingState state,
      ProcessGroup group,
      GraphBuilder builder,
      Supplier<MemoryBank> pixels,
      Runnable betweenSearches) {
    this.config = config;
    this.state = state;
    this.group = group;
    this.builder = builder;
    this.pixels = pixels;
    this.betweenSearches = betweenSearches;
  }

  /** Rebuilds the graph. */
  void run(TrainingListener listener) {
    long start = System.nanoTime();
    boolean ofPixels = config.training().graph() == GraphUpdate.PIXELS;
    String name = ofPixels ? "neighbour graph of the raw pixels" : builder.graphName();
    listener.phase(name);
    NeighbourGraph.Progress progress =
        (done, total) -> {
          listener.phase(Text.format("%s, %d %%", name, 100L * done / total));
          betweenSearches.run();
        };
    if (ofPixels) {
      try (MemoryBank rows = pixels.get()) {
        rebuild(rows, progress);
      }
    } else {
      rebuild(state.bank(), progress);
    }
    double seconds = (System.nanoTime() - start) * NANOS;
    state.totals().addGraphSeconds(seconds);
    LOG.info("epoch {}: {} in {} s", state.position().epoch(), name, seconds);
  }

  private void rebuild(MemoryBank rows, NeighbourGraph.Progress progress) {
    if (group.size() == 1) {
      builder.build(rows, state.graph(), state.position().epoch(), progress);
    } else {
      rebuildShards(rows, progress);
    }
  }

  private void rebuildShards(MemoryBank rows, NeighbourGraph.Progress progress) {
    try (ShardedInvariancePropagation objective =
        new ShardedInvariancePropagation(
            group, state.shard(), rows, state.graph(), config.objective(), GraphUpdate.EPOCH)) {
      objective.rebuildGraph(progress);
    }
  }

  /** Whether the run stands at the start of an epoch that asks for it. */
  boolean isDue() {
    Position position = state.position();
    return position.batch() == 0 && isDue(config, state.origin(), position.epoch());
  }

  /**
   * Whether the graph is rebuilt at the start of an epoch, counted from 1.
   *
   * @param origin what the run began from; null for a fresh network
   */
  static boolean isDue(TrainingConfig config, Origin origin, int epoch) {
    int first = beginsWithEmbeddings(config, origin) ? 1 : 2;
    boolean regular = epoch >= first && (epoch - first) % config.training().graphEvery() == 0;
    return switch (config.training().graph()) {
      case LAZY -> false;
      case EPOCH -> regular || BankRefresh.isDue(config, epoch);
      case PIXELS -> epoch == 1;
    };
  }

  /** Whether the first step finds embeddings in the bank: another run's, or just computed. */
  private static boolean beginsWithEmbeddings(TrainingConfig config, Origin origin) {
    return config.objective().bankStart() == BankStart.FEATURES
        || (origin != null && origin.rows());
  }
}
