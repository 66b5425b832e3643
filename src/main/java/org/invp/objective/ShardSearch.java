package org.invp.objective;

import java.util.stream.IntStream;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.objective.ThresholdSelection.Thresholds;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * N_M over all shards, exactly: every shard lists its share of the M best rows and some more, the
 * threshold of the whole is found without moving a row, and a query of which some shard might hold
 * more than it listed is searched again with whole lists. So the length of the first lists decides
 * the time, never the result.
 */
final class ShardSearch implements AutoCloseable {
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
  private final HostInts ids = new HostInts();
  private final HostFloats scores = new HostFloats();
  private final HostInts againIds = new HostInts();
  private final HostFloats againScores = new HostFloats();
  private final HostFloats againUnits = new HostFloats();
  private final HostInts widerIds = new HostInts();
  private final HostFloats widerScores = new HostFloats();
  private final HostInts counts = new HostInts();
  private RankedLists lists;
  private long[] thresholds;
  private long searchedAgain;

  /**
   * @param count M
   * @param least rows that every list must have, if the shard has them
   */
  ShardSearch(ProcessGroup group, Shard shard, ShardBank bank, int count, int least) {
    this.bank = bank;
    this.shard = shard;
    this.count = count;
    this.selection = new ThresholdSelection(group);
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
  void run(FloatTensor units) {
    int queries = (int) units.shape(0);
    lists = search(units, firstLength, ids, scores);
    Thresholds found = selection.find(lists, count);
    thresholds = found.threshold();
    if (exhaustive) {
      raise(found);
    } else {
      int[] suspects = IntStream.range(0, queries).filter(found::doubtful).toArray();
      if (suspects.length > 0) {
        searchAgain(units, suspects);
      }
    }
    IntTensor kept = counts.at(queries);
    for (int q = 0; q < queries; q++) {
      kept.set(q, lists.countAtLeast(q, thresholds[q]));
    }
  }

  // A list of M rows that leaves out others and reaches down to the threshold holds all of N_M.
  private static void raise(Thresholds found) {
    for (int q = 0; q < found.threshold().length; q++) {
      found.threshold()[q] = Math.max(found.threshold()[q], found.blind()[q]);
    }
  }

  private RankedLists search(FloatTensor units, int length, HostInts idMemory, HostFloats memory) {
    IntTensor found = idMemory.at(units.shape(0), length);
    FloatTensor similar = memory.at(units.shape(0), length);
    bank.nearest(units, found, similar);
    return new RankedLists(shard, found, similar);
  }

  private void searchAgain(FloatTensor units, int[] suspects) {
    searchedAgain += suspects.length;
    FloatTensor again = againUnits.at(suspects.length, units.shape(1));
    for (int place = 0; place < suspects.length; place++) {
      again.slice(place, place + 1L).copyFrom(units.slice(suspects[place], suspects[place] + 1L));
    }
    RankedLists whole = search(again, wholeLength, againIds, againScores);
    Thresholds found = selection.find(whole, count);
    raise(found);
    int most = firstLength;
    for (int place = 0; place < suspects.length; place++) {
      long threshold = found.threshold()[place];
      thresholds[suspects[place]] = threshold;
      most = Math.max(most, whole.countAtLeast(place, threshold));
    }
    lists = replace(suspects, whole, most);
  }

  /** The first lists with some queries' rows from others, all cut or padded to one length. */
  private RankedLists replace(int[] queries, RankedLists others, int length) {
    int all = lists.queries();
    IntTensor newIds = widerIds.at(all, length);
    FloatTensor newScores = widerScores.at(all, length);
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
        newIds.set(to, listed ? source.ids().get(from) : 0);
        newScores.set(to, listed ? source.scores().get(from) : Float.NEGATIVE_INFINITY);
      }
    }
    return new RankedLists(shard, newIds, newScores);
  }

  /** Of every query this shard's best rows, those of N_M first. */
  RankedLists lists() {
    return lists;
  }

  /** [Q], how many of a query's listed rows belong to N_M. */
  IntTensor counts() {
    return counts.at(thresholds.length);
  }

  /** Whether a row of the whole bank with this score belongs to a query's N_M. */
  boolean contains(int query, float score, int id) {
    return RankKey.of(score, id) >= thresholds[query];
  }

  /** How many queries were searched a second time so far. */
  long searchedAgain() {
    return searchedAgain;
  }

  ThresholdSelection selection() {
    return selection;
  }

  @Override
  public void close() {
    selection.close();
    ids.close();
    scores.close();
    againIds.close();
    againScores.close();
    againUnits.close();
    widerIds.close();
    widerScores.close();
    counts.close();
  }
}
