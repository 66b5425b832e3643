package org.invp.bank;

import org.invp.internal.Text;

/**
 * Which rows of a bank and a graph lie in which process. Row g of the whole belongs to rank g mod R
 * and is its row g div R: strided, since data sets are often ordered by class and contiguous shards
 * would then differ in how many of a query's nearest rows they hold. Within a shard rows keep their
 * order, and so ties their winners.
 *
 * @param rank 0 to size - 1, whose rows these are
 * @param size R, the number of ranks
 * @param rows N, of the whole bank; at least R, so that nobody is without rows
 */
public record Shard(int rank, int size, int rows) {
  /** Checks the numbers. */
  public Shard {
    if (size < 1 || rank < 0 || rank >= size) {
      throw new IllegalArgumentException(
          Text.format("rank %d of %d processes, allowed: 0 to size - 1", rank, size));
    }
    if (rows < size) {
      throw new IllegalArgumentException(
          Text.format("%d images for %d processes, allowed: at least one image each", rows, size));
    }
  }

  /** The whole of it, in one process. */
  public static Shard whole(int rows) {
    return new Shard(0, 1, rows);
  }

  /** The same bank's part in another rank. */
  public Shard of(int otherRank) {
    return new Shard(otherRank, size, rows);
  }

  /** How many rows lie here. */
  public int localRows() {
    return (rows - rank - 1) / size + 1;
  }

  /** The rank that holds a row of the whole. */
  public int owner(int global) {
    return global % size;
  }

  /** Whether a row of the whole lies here. */
  public boolean owns(int global) {
    return owner(global) == rank;
  }

  /** The place of a row of the whole in its owner's part. */
  public int local(int global) {
    return global / size;
  }

  /** The row of the whole that lies at a place here. */
  public int global(int local) {
    return local * size + rank;
  }
}
