package org.invp.objective.sharded;

import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * Finds the key of the M-th best row of all shards for every query, without moving a row.
 *
 * <p>Of M rows an even split would put q_r into shard r (their sum is M). Among the shards' q_r-th
 * best keys the smallest is at most the wanted key (at least M rows reach it), the largest at least
 * it (fewer than M rows exceed it). From this interval on every round cuts it into {@value #PARTS}
 * parts, counts the rows above each cut over all shards, and keeps the part that holds the M-th. A
 * query is done when exactly M rows reach a cut, or one key is left: keys are unique, so at most 16
 * rounds, in practice two or three. All ranks see the same counts and decide alike.
 */
final class ThresholdSelection {
  /** Parts of an interval per round: four bits of the key for 60 bytes. */
  static final int PARTS = 16;

  private static final int CUTS = PARTS - 1;

  private final ProcessGroup group;
  private final Workspace workspace;
  private long counted;

  ThresholdSelection(ProcessGroup group, Workspace workspace) {
    this.group = group;
    this.workspace = workspace;
  }

  /**
   * What separates the best M from the rest, if the lists tell.
   *
   * @param threshold of every query: exactly M of the listed rows have at least this key
   * @param blind of every query: the lists leave out no row with a larger key than this
   */
  @SuppressWarnings("ArrayRecordComponent") // Handed from one stage to the next.
  record Thresholds(long[] threshold, long[] blind) {
    /** Whether a row that is not listed might be among a query's best M. */
    boolean doubtful(int query) {
      return threshold[query] <= blind[query];
    }
  }

  /**
   * Collective.
   *
   * @param lists this shard's best rows, at least its even share of M and at least one
   * @param count M, at most the rows of all shards
   */
  Thresholds find(RankedLists lists, int count) {
    int queries = lists.queries();
    long[] high = new long[queries];
    long[] low = new long[queries];
    long[] blind = new long[queries];
    startIntervals(lists, count, low, high, blind);
    int[] open = new int[queries];
    int left = 0;
    for (int q = 0; q < queries; q++) {
      if (low[q] < high[q]) {
        open[left++] = q;
      }
    }
    while (left > 0) {
      IntTensor reached = countCuts(lists, open, left, low, high);
      int still = 0;
      for (int place = 0; place < left; place++) {
        int q = open[place];
        if (!narrow(q, reached, place, count, low, high)) {
          open[still++] = q;
        }
      }
      left = still;
    }
    return new Thresholds(low, blind);
  }

  private void startIntervals(RankedLists lists, int count, long[] low, long[] high, long[] blind) {
    int queries = lists.queries();
    int rank = group.rank();
    int share = rank < count ? (count - rank - 1) / group.size() + 1 : 0;
    // Everything as a maximum, the smallest as the largest of the complements.
    long[] ends = new long[3 * queries];
    for (int q = 0; q < queries; q++) {
      ends[3 * q] = lists.key(q, Math.max(share, 1) - 1);
      ends[3 * q + 1] = share == 0 ? ~Long.MAX_VALUE : ~lists.key(q, share - 1);
      ends[3 * q + 2] = lists.whole() ? RankKey.NONE : lists.key(q, lists.length() - 1);
    }
    group.allReduce(ends, Reduction.MAX);
    for (int q = 0; q < queries; q++) {
      high[q] = ends[3 * q];
      low[q] = ~ends[3 * q + 1];
      blind[q] = ends[3 * q + 2];
    }
  }

  private IntTensor countCuts(RankedLists lists, int[] open, int left, long[] low, long[] high) {
    IntTensor reached = workspace.ints(left, CUTS);
    for (int place = 0; place < left; place++) {
      int q = open[place];
      for (int cut = 1; cut <= CUTS; cut++) {
        int count =
            inside(low[q], high[q], cut) ? lists.countAtLeast(q, cut(low[q], high[q], cut)) : 0;
        reached.set((long) place * CUTS + cut - 1, count);
      }
    }
    group.allReduce(reached, Reduction.SUM);
    counted += left;
    return reached;
  }

  /** Keeps the part that holds the M-th; whether that is found. */
  private static boolean narrow(
      int q, IntTensor reached, int place, int count, long[] low, long[] high) {
    int last = 0;
    while (last < CUTS && reached.get((long) place * CUTS + last) >= count) {
      last++;
    }
    long from = low[q];
    long to = high[q];
    if (last < CUTS && inside(from, to, last + 1)) {
      high[q] = cut(from, to, last + 1) - 1;
    }
    if (last > 0) {
      low[q] = cut(from, to, last);
      if (reached.get((long) place * CUTS + last - 1) == count) {
        return true;
      }
    }
    return low[q] == high[q];
  }

  // The cuts lie `step` apart; differences of keys are unsigned.
  private static long step(long low, long high) {
    return Long.divideUnsigned(high - low, PARTS) + 1;
  }

  private static boolean inside(long low, long high, int cut) {
    return Long.compareUnsigned(cut * step(low, high), high - low) <= 0;
  }

  private static long cut(long low, long high, int cut) {
    return low + cut * step(low, high);
  }

  /** How many times a query's cuts were counted so far: what decides the traffic. */
  long counted() {
    return counted;
  }
}
