package org.invp.objective.sharded;

import org.invp.bank.Shard;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A shard's best rows for each query, most similar first.
 *
 * @param shard whose rows they are
 * @param ids [Q, m], places in the shard
 * @param scores [Q, m]
 */
record RankedLists(Shard shard, IntTensor ids, FloatTensor scores) {
  int queries() {
    return (int) ids.shape(0);
  }

  /** m, the rows listed of each query. */
  int length() {
    return (int) ids.shape(1);
  }

  /** Whether all rows of the shard are listed. */
  boolean whole() {
    return length() == shard.localRows();
  }

  /** The key of a query's row at a place of its list. */
  long key(int query, int place) {
    long at = (long) query * length() + place;
    return RankKey.of(scores.get(at), shard.global(ids.get(at)));
  }

  /** How many of a query's rows have at least this key. */
  int countAtLeast(int query, long key) {
    int low = 0;
    int high = length();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (key(query, middle) >= key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
