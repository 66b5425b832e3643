package org.invp.objective.sharded;

import java.util.stream.IntStream;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.objective.sharded.ThresholdSelection.Thresholds;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * N_M over all shards, exactly: every shard lists its share of the M best rows and some more, the
 * threshold of the whole is found without moving a row, and a query of which some shard might hold
 * more than it listed is searched again with whole lists. So the length of the first lists decides
 * the time, never the result.
 */
final class ShardSearch {
  /** By how many standard deviations a shard lists more than its share: a second search is rare. */
  private static final double MARGIN = 6;

  private final ShardBank bank;
  private final Shard shard;
  private final int count;
  private final int firstLength;
  private final int wholeLength;

  /** Whether the first lists hold min(n, M) rows, on every rank. */
  private final boolean exhaustive;

  private final ThresholdSelection selection;
  private final Workspace workspace;
  private long searchedAgain;

  /**
   * What a search found.
   *
   * @param lists of every query this shard's best rows, those of N_M first
   * @param counts [Q], how many of a query's listed rows belong to N_M
   * @param thresholds of every query the key of the last of N_M
   */
  @SuppressWarnings("ArrayRecordComponent") // Handed from one stage to the next.
  record Found(RankedLists lists, IntTensor counts, long[] thresholds) {
    /** Whether a row of the whole bank with this score belongs to a query's N_M. */
    boolean contains(int query, float score, int id) {
      return RankKey.of(score, id) >= thresholds[query];
    }
  }

  /**
   * @param count M
   * @param least rows that every list must have, if the shard has them
   * @param workspace holds what a search finds
   */
  ShardSearch(
      ProcessGroup group, Shard shard, ShardBank bank, int count, int least, Workspace workspace) {
    this.bank = bank;
    this.shard = shard;
    this.count = count;
    this.selection = new ThresholdSelection(group, workspace);
    this.workspace = workspace;
    this.wholeLength = Math.min(bank.count(), count);
    int first = Math.max(least, listed(count, shard));
    this.firstLength = Math.min(wholeLength, first);
    this.exhaustive = first >= count;
  }

  // A row of N_M lies in this shard with probability 1/R: mean and deviation of a binomial.
  private static int listed(int count, Shard shard) {
    double mean = (double) count / shard.size();
    double deviation = Math.sqrt(mean * (1 - 1.0 / shard.size()));
    return (int) Math.min(count, Math.ceil(mean + MARGIN * deviation + 1));
  }

  /** Searches all queries [Q, D]; collective. */
  Found run(FloatTensor units) {
    int queries = (int) units.shape(0);
    RankedLists lists = search(units, firstLength);
    Thresholds found = selection.find(lists, count);
    long[] thresholds = found.threshold();
    if (exhaustive) {
      raise(found);
    } else {
      int[] suspects = IntStream.range(0, queries).filter(found::doubtful).toArray();
      if (suspects.length > 0) {
        lists = searchAgain(units, suspects, lists, thresholds);
      }
    }
    IntTensor counts = workspace.ints(queries);
    for (int q = 0; q < queries; q++) {
      counts.set(q, lists.countAtLeast(q, thresholds[q]));
    }
    return new Found(lists, counts, thresholds);
  }

  // A list of M rows that leaves out others and reaches down to the threshold holds all of N_M.
  private static void raise(Thresholds found) {
    for (int q = 0; q < found.threshold().length; q++) {
      found.threshold()[q] = Math.max(found.threshold()[q], found.blind()[q]);
    }
  }

  private RankedLists search(FloatTensor units, int length) {
    IntTensor ids = workspace.ints(units.shape(0), length);
    FloatTensor scores = workspace.floats(units.shape(0), length);
    bank.nearest(units, ids, scores);
    return new RankedLists(shard, ids, scores);
  }

  /** The lists with those of the suspects replaced; so are these one's thresholds. */
  private RankedLists searchAgain(
      FloatTensor units, int[] suspects, RankedLists lists, long... thresholds) {
    searchedAgain += suspects.length;
    FloatTensor again = workspace.floats(suspects.length, units.shape(1));
    for (int place = 0; place < suspects.length; place++) {
      again.slice(place, place + 1L).copyFrom(units.slice(suspects[place], suspects[place] + 1L));
    }
    RankedLists whole = search(again, wholeLength);
    Thresholds found = selection.find(whole, count);
    raise(found);
    int most = firstLength;
    for (int place = 0; place < suspects.length; place++) {
      long threshold = found.threshold()[place];
      thresholds[suspects[place]] = threshold;
      most = Math.max(most, whole.countAtLeast(place, threshold));
    }
    return replace(lists, suspects, whole, most);
  }

  /** Lists with some queries' rows from others, all cut or padded to one length. */
  private RankedLists replace(RankedLists lists, int[] queries, RankedLists others, int length) {
    int all = lists.queries();
    IntTensor ids = workspace.ints(all, length);
    FloatTensor scores = workspace.floats(all, length);
    int place = 0;
    for (int q = 0; q < all; q++) {
      boolean replaced = place < queries.length && queries[place] == q;
      RankedLists source = replaced ? others : lists;
      int row = replaced ? place++ : q;
      for (int j = 0; j < length; j++) {
        boolean listed = j < source.length();
        long from = (long) row * source.length() + j;
        long to = (long) q * length + j;
        // What is beyond a list ranks below all of it.
        ids.set(to, listed ? source.ids().get(from) : 0);
        scores.set(to, listed ? source.scores().get(from) : Float.NEGATIVE_INFINITY);
      }
    }
    return new RankedLists(shard, ids, scores);
  }

  /** How many queries were searched a second time so far. */
  long searchedAgain() {
    return searchedAgain;
  }

  ThresholdSelection selection() {
    return selection;
  }
}
