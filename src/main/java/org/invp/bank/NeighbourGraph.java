package org.invp.bank;

import java.util.stream.IntStream;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;
import org.invp.tensor.Workspace;

/**
 * For every image the k images most similar to it when it was last seen: [N, k] row ids. Starts as
 * zeros, as published. Owns its memory until {@link #close}.
 */
public final class NeighbourGraph implements AutoCloseable {
  private static final int ROWS_PER_CALL = 2048;

  private final IntTensor neighbours;

  private NeighbourGraph(IntTensor neighbours) {
    this.neighbours = neighbours;
  }

  /**
   * A graph of zeros on the host.
   *
   * @param rows N, at least 1
   * @param neighbours k, at least 1
   */
  public static NeighbourGraph create(int rows, int neighbours) {
    return create(rows, neighbours, Memory.HOST);
  }

  /**
   * A graph of zeros where an engine can walk it.
   *
   * @param rows N, at least 1
   * @param neighbours k, at least 1
   * @param engine must stay open as long as the graph is used
   */
  public static NeighbourGraph create(int rows, int neighbours, BankEngine engine) {
    return create(rows, neighbours, engine.memory());
  }

  private static NeighbourGraph create(int rows, int neighbours, Memory memory) {
    Shapes.extent("rows", rows);
    Shapes.extent("neighbours", neighbours);
    return new NeighbourGraph(IntTensor.allocate(memory, rows, neighbours));
  }

  /**
   * The exact graph of a whole bank: every row's k most similar other rows, most similar first,
   * ties to the smaller id. Costs 2 N^2 D operations.
   *
   * @param k 1 to N - 1
   */
  public static NeighbourGraph build(MemoryBank bank, int k) {
    return build(bank, k, (done, total) -> {});
  }

  /** As {@link #build(MemoryBank, int)}; {@code progress} hears of every few thousand rows. */
  public static NeighbourGraph build(MemoryBank bank, int k, Progress progress) {
    NeighbourGraph graph = create(bank.rows(), k, bank.engine());
    try {
      graph.rebuild(bank, progress);
      return graph;
    } catch (RuntimeException e) {
      graph.close();
      throw e;
    }
  }

  /** Hears how far a long piece of work has come. */
  @FunctionalInterface
  public interface Progress {
    /** {@code done} of {@code total} rows are finished. */
    void report(int done, int total);
  }

  /**
   * Replaces the whole graph by the exact one of the bank's present rows.
   *
   * @param bank has this graph's number of rows, more than k
   */
  public void rebuild(MemoryBank bank, Progress progress) {
    int rows = rows();
    int k = degree();
    if (bank.rows() != rows || k >= rows) {
      throw new IllegalArgumentException(
          Text.format(
              "a graph of %d x %d cannot hold the neighbours of %d rows", rows, k, bank.rows()));
    }
    BankEngine engine = bank.engine();
    try (Workspace workspace = new Workspace(engine.memory())) {
      for (int first = 0; first < rows; first += ROWS_PER_CALL) {
        int end = Math.min(first + ROWS_PER_CALL, rows);
        workspace.reset();
        IntTensor anchors = workspace.ints(end - first);
        anchors.copyFrom(IntStream.range(first, end).toArray());
        IntTensor nearest = workspace.ints(end - first, k + 1);
        FloatTensor scores = workspace.floats(end - first, k + 1);
        FloatTensor queries = bank.embeddings().slice(first, end);
        engine.nearest(bank.embeddings(), queries, BankEngine.Order.ID, nearest, scores);
        engine.updateGraph(neighbours, anchors, nearest, scores, Mode.PAPER);
        progress.report(end, rows);
      }
    }
  }

  /** N, the number of images. */
  public int rows() {
    return (int) neighbours.shape(0);
  }

  /** k, the neighbours of each. */
  public int degree() {
    return (int) neighbours.shape(1);
  }

  /** The graph itself, [N, k]; owned by the graph. */
  public IntTensor neighbours() {
    return neighbours;
  }

  /** Releases the memory; idempotent. */
  @Override
  public void close() {
    neighbours.close();
  }
}
