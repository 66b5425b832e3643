package org.invp.distributed;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The processes that train together, and how they exchange tensors. Every method is a collective:
 * all ranks call it, in the same order, with tensors of the same shape, and it returns when its
 * result is there. One thread at a time.
 *
 * <p>All collectives throw {@link RankLostException} when a rank is gone or silent for longer than
 * the membership's timeout; the group is of no use then.
 */
public interface ProcessGroup extends AutoCloseable {
  /** How values of several ranks become one. */
  enum Reduction {
    /** Their sum, in an order that is the same on every rank. */
    SUM,
    /** The smallest. */
    MIN,
    /** The largest. */
    MAX
  }

  /**
   * What crossed the process's border since the group was joined, in bytes; the formulas stand in
   * {@code invp/group.h}.
   */
  record Traffic(long sent, long received) {}

  /**
   * Joins the group; returns when all ranks have joined.
   *
   * @throws RankLostException when they have not within the membership's timeout
   */
  static ProcessGroup join(Membership membership) {
    return membership.size() == 1 ? new SingleProcess() : new NativeProcessGroup(membership);
  }

  /** The group of a process that trains alone. */
  static ProcessGroup alone() {
    return new SingleProcess();
  }

  /** This process's number, 0 to {@link #size} - 1. */
  int rank();

  /** The number of processes. */
  int size();

  /** This process's number among those of its host: which GPU is its own. */
  int localRank();

  /** data[i] = the ranks' data[i], reduced; the same bits on every rank. */
  void allReduce(FloatTensor data, Reduction reduction);

  /** data[i] = the ranks' data[i], reduced. */
  void allReduce(IntTensor data, Reduction reduction);

  /** data[i] = the ranks' data[i], reduced; the same bits on every rank. */
  void allReduce(double[] data, Reduction reduction);

  /** data[i] = the ranks' data[i], reduced. */
  void allReduce(long[] data, Reduction reduction);

  /**
   * all = the ranks' tensors one after the other.
   *
   * @param mine of any shape
   * @param all {@link #size} times as many elements
   */
  void allGather(FloatTensor mine, FloatTensor all);

  /** all = the ranks' tensors one after the other. */
  void allGather(IntTensor mine, IntTensor all);

  /**
   * mine = this rank's part of the ranks' sum of {@code all}.
   *
   * @param all {@link #size} times as many elements as {@code mine}; unchanged
   */
  void reduceScatter(FloatTensor all, FloatTensor mine);

  /**
   * received = from each rank in turn the part that it has for this one.
   *
   * @param all {@link #size} parts of equal size, the r-th for rank r; unchanged
   * @param received as many elements
   */
  void allToAll(IntTensor all, IntTensor received);

  /** data = rank {@code root}'s data. */
  void broadcast(FloatTensor data, int root);

  /** Returns when every rank is here. */
  void barrier();

  /** What this process sent and received so far. */
  Traffic traffic();

  /** Leaves the group without waiting for the others; idempotent. */
  @Override
  void close();
}
