package org.invp.objective;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.objective.sharded.ShardedWalks;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * What the walk finds from anchors whose rows of the bank stand for their embeddings, outside of a
 * training step: by the same stages, so the images, the similarities and the positives are those
 * that a loss would see which met just these embeddings. Reads bank and graph and borrows them.
 *
 * <p>Among several ranks every method that looks at the bank or the graph is a collective: all
 * ranks call it with the same anchors and get the same. One thread at a time.
 */
public abstract class Walks {
  private static final long ONE_DRAW = 0;

  private final BankEngine host;

  /**
   * @param host selects
   */
  protected Walks(BankEngine host) {
    this.host = host;
  }

  /** Walks over a whole bank and a graph that lies where the bank's engine works. */
  public static Walks over(MemoryBank bank, NeighbourGraph graph) {
    return new WholeWalks(bank, graph);
  }

  /**
   * Walks over a bank and a graph that lie in one process or in several.
   *
   * @param shard which rows {@code bank} and {@code graph} have
   */
  public static Walks over(ProcessGroup group, Shard shard, MemoryBank bank, NeighbourGraph graph) {
    return shard.size() == 1 ? over(bank, graph) : new ShardedWalks(group, shard, bank, graph);
  }

  /**
   * What was found from A anchors, W places each.
   *
   * @param width W
   * @param anchors A ids of the whole data set
   * @param images [A, W] ids of the whole data set, -1 for none
   * @param similarities [A, W], inner products with the anchors' rows; 0 for none
   */
  @SuppressWarnings("ArrayRecordComponent") // Handed from one stage to the next.
  public record Found(int width, int[] anchors, int[] images, float[] similarities) {}

  /**
   * The anchors' rows of the bank.
   *
   * @param anchors A ids of the whole data set
   * @return [A, D] on the host; the caller's to close
   */
  public abstract FloatTensor rows(int... anchors);

  /**
   * Everything within so many hops of each anchor, in the order of {@link BankEngine#walk}.
   *
   * @param rows [A, D], of {@link #rows}
   * @param steps hops, at least 1
   */
  public abstract Found walk(int[] anchors, FloatTensor rows, int steps, Mode mode);

  /** The anchors' rows of the graph, [A, k]. */
  public abstract int[] neighbours(int... anchors);

  /**
   * The positives that a loss would select; of a random selection, which every step draws anew, one
   * draw.
   *
   * @param found by the walk of the options' steps and mode
   * @return [A, P], -1 for none
   */
  public final int[] selected(Found found, ObjectiveOptions options) {
    return select(found, options.selection(), options.positives());
  }

  /**
   * The most similar ones, whatever a loss would select.
   *
   * @param count P, at least 1
   * @return [A, P], -1 for none
   */
  public final int[] easiest(Found found, int count) {
    return select(found, Selection.EASY, count);
  }

  private int[] select(Found found, Selection selection, int count) {
    int anchors = found.anchors().length;
    try (IntTensor from = IntTensor.of(found.anchors(), anchors);
        IntTensor ids = IntTensor.of(found.images(), anchors, found.width());
        FloatTensor scores = FloatTensor.of(found.similarities(), anchors, found.width());
        IntTensor chosen = IntTensor.allocate(anchors, count);
        FloatTensor chosenScores = FloatTensor.allocate(anchors, count)) {
      host.select(from, ids, scores, selection, ONE_DRAW, chosen, chosenScores);
      return chosen.toArray();
    }
  }
}
