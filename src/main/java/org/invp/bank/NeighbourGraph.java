package org.invp.bank;

import org.invp.tensor.IntTensor;

/**
 * For every image the k images most similar to it when it was last seen: [N, k] row ids. Starts as
 * zeros, as published. Owns its memory until {@link #close}.
 */
public final class NeighbourGraph implements AutoCloseable {
  private final IntTensor neighbours;

  private NeighbourGraph(IntTensor neighbours) {
    this.neighbours = neighbours;
  }

  /**
   * A graph of zeros.
   *
   * @param rows N, at least 1
   * @param neighbours k, at least 1
   */
  public static NeighbourGraph create(int rows, int neighbours) {
    Shapes.extent("rows", rows);
    Shapes.extent("neighbours", neighbours);
    return new NeighbourGraph(IntTensor.allocate(rows, neighbours));
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
