package org.invp.train;

import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;

/**
 * Writes the neighbour graph at the start of the epochs that {@code training.graph: epoch} rebuilds
 * it for. A {@link Trainer} that is given none writes {@linkplain #exact() the exact one}; another
 * makes a control experiment, such as a graph that an oracle draws.
 *
 * <p>What it writes must follow from the bank, the epoch and what the builder was made with alone:
 * a run that is stopped while it is written writes it again when it resumes. A checkpoint does not
 * say who built the graph, so whoever resumes a run gives the same builder.
 */
@FunctionalInterface
public interface GraphBuilder {
  /**
   * Replaces the whole graph; called on the trainer's thread.
   *
   * @param bank N rows, at the start of the epoch; only to be read
   * @param graph [N, k], with the last graph; its ids become 0 to N - 1, of other images than the
   *     row's own
   * @param epoch counted from 1
   * @param progress to be told now and then; it throws when somebody asks the run to stop
   */
  void build(MemoryBank bank, NeighbourGraph graph, int epoch, NeighbourGraph.Progress progress);

  /** What progress and log call the graph. */
  default String graphName() {
    return "neighbour graph";
  }

  /** Every row's k most similar other rows of the bank. */
  static GraphBuilder exact() {
    return new GraphBuilder() {
      @Override
      public void build(
          MemoryBank bank, NeighbourGraph graph, int epoch, NeighbourGraph.Progress progress) {
        graph.rebuild(bank, progress);
      }

      @Override
      public String graphName() {
        return "exact neighbour graph";
      }
    };
  }
}
