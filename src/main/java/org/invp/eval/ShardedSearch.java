package org.invp.eval;

import java.util.Arrays;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The exact search over rows that lie on several ranks, as a {@link Shard} says. Every rank
 * searches its rows for all queries, and all merge what was found, so that a search moves R Q k ids
 * and scores, whatever the number of rows. Borrows the group and the bank.
 *
 * <p>{@link #nearest} is a collective: all ranks call it with the same queries and get the same.
 */
public final class ShardedSearch implements RowSearch {
  private static final int NONE = -1;

  private final ProcessGroup group;
  private final MemoryBank bank;
  private final Shard shard;

  /**
   * @param bank this rank's rows
   * @param shard which they are
   */
  public ShardedSearch(ProcessGroup group, MemoryBank bank, Shard shard) {
    this.group = group;
    this.bank = bank;
    this.shard = shard;
  }

  @Override
  public int rows() {
    return shard.rows();
  }

  @Override
  public Neighbours nearest(FloatTensor queries, int count) {
    int length = Math.toIntExact(queries.shape(0)) * count;
    int[] ids = new int[length];
    float[] scores = new float[length];
    searchOwn(queries, count, ids, scores);
    try (IntTensor ownIds = IntTensor.of(ids, length);
        FloatTensor ownScores = FloatTensor.of(scores, length);
        IntTensor allIds = IntTensor.allocate(group.size(), length);
        FloatTensor allScores = FloatTensor.allocate(group.size(), length)) {
      group.allGather(ownIds, allIds);
      group.allGather(ownScores, allScores);
      return merge(count, allIds.toArray(), allScores.toArray());
    }
  }

  private void searchOwn(FloatTensor queries, int count, int[] ids, float[] scores) {
    Arrays.fill(ids, NONE);
    int kept = Math.min(count, bank.rows());
    Neighbours found = bank.nearest(queries, kept);
    for (int query = 0; query < found.queries(); query++) {
      for (int rank = 0; rank < kept; rank++) {
        ids[query * count + rank] = shard.global(found.id(query, rank));
        scores[query * count + rank] = found.score(query, rank);
      }
    }
  }

  private Neighbours merge(int count, int[] ids, float[] scores) {
    int length = ids.length / group.size();
    int[] mergedIds = new int[length];
    float[] mergedScores = new float[length];
    int[] heads = new int[group.size()]; // what is next in each rank's list
    for (int start = 0; start < length; start += count) {
      for (int rank = 0; rank < heads.length; rank++) {
        heads[rank] = rank * length + start;
      }
      for (int place = start; place < start + count; place++) {
        int best = NONE;
        for (int rank = 0; rank < heads.length; rank++) {
          if (heads[rank] < rank * length + start + count
              && ids[heads[rank]] != NONE
              && (best == NONE || precedes(heads[rank], heads[best], ids, scores))) {
            best = rank;
          }
        }
        mergedIds[place] = ids[heads[best]];
        mergedScores[place] = scores[heads[best]];
        heads[best]++;
      }
    }
    return new Neighbours(count, mergedIds, mergedScores);
  }

  private static boolean precedes(int left, int right, int[] ids, float[] scores) {
    return scores[left] > scores[right]
        || (scores[left] == scores[right] && ids[left] < ids[right]);
  }
}
