package org.invp.objective.sharded;

import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * The scores of the positives and of the anchors' own rows, each from the rank that holds the row,
 * together with the maxima of all shards: one exchange, by the maximum, in which who does not know
 * a number says minus infinity.
 */
final class ShardScores {
  private final ProcessGroup group;
  private final Shard shard;
  private final ShardBank bank;
  private final Workspace workspace;
  private long numbersExchanged;

  /**
   * @param workspace holds the scores
   */
  ShardScores(ProcessGroup group, Shard shard, ShardBank bank, Workspace workspace) {
    this.group = group;
    this.shard = shard;
    this.bank = bank;
    this.workspace = workspace;
  }

  /**
   * What was exchanged.
   *
   * @param positives [Q, W], 0 for none
   * @param own [Q]
   */
  record Scores(FloatTensor positives, FloatTensor own) {}

  /**
   * Collective.
   *
   * @param units [Q, D]
   * @param walk [Q, W], padded with -1
   * @param maxima [Q, 2], this shard's; out: those of all
   */
  Scores exchange(FloatTensor units, IntTensor anchors, IntTensor walk, FloatTensor maxima) {
    int batch = (int) anchors.size();
    int width = (int) walk.shape(1);
    FloatTensor known = scoreOwnRows(units, anchors, walk);
    FloatTensor all = workspace.floats(3L * batch + positives(walk));
    int at = 0;
    for (int q = 0; q < batch; q++) {
      all.set(at++, maxima.get(2L * q));
      all.set(at++, maxima.get(2L * q + 1));
      all.set(at++, mine(anchors.get(q), known, q * (width + 1L) + width));
      for (int j = 0; j < width && walk.get((long) q * width + j) >= 0; j++) {
        all.set(at++, mine(walk.get((long) q * width + j), known, q * (width + 1L) + j));
      }
    }
    group.allReduce(all, Reduction.MAX);
    numbersExchanged += all.size();
    return spread(all, walk, maxima);
  }

  private Scores spread(FloatTensor all, IntTensor walk, FloatTensor maxima) {
    int batch = (int) walk.shape(0);
    int width = (int) walk.shape(1);
    FloatTensor own = workspace.floats(batch);
    FloatTensor scores = workspace.floats(batch, width);
    int at = 0;
    for (int q = 0; q < batch; q++) {
      maxima.set(2L * q, all.get(at++));
      maxima.set(2L * q + 1, all.get(at++));
      own.set(q, all.get(at++));
      for (int j = 0; j < width; j++) {
        boolean found = walk.get((long) q * width + j) >= 0;
        scores.set((long) q * width + j, found ? all.get(at++) : 0);
      }
    }
    return new Scores(scores, own);
  }

  private FloatTensor scoreOwnRows(FloatTensor units, IntTensor anchors, IntTensor walk) {
    int batch = (int) anchors.size();
    int width = (int) walk.shape(1);
    IntTensor ids = workspace.ints(batch, width + 1L);
    for (int q = 0; q < batch; q++) {
      for (int j = 0; j < width; j++) {
        ids.set(q * (width + 1L) + j, here(walk.get((long) q * width + j)));
      }
      ids.set(q * (width + 1L) + width, here(anchors.get(q)));
    }
    FloatTensor known = workspace.floats(ids.shape());
    bank.score(units, ids, known);
    return known;
  }

  private int here(int id) {
    return id >= 0 && shard.owns(id) ? shard.local(id) : -1;
  }

  private float mine(int id, FloatTensor known, long at) {
    return shard.owns(id) ? known.get(at) : Float.NEGATIVE_INFINITY;
  }

  private static long positives(IntTensor walk) {
    long found = 0;
    for (long i = 0; i < walk.size(); i++) {
      found += walk.get(i) >= 0 ? 1 : 0;
    }
    return found;
  }

  /** How many numbers were exchanged so far: what decides the traffic. */
  long numbersExchanged() {
    return numbersExchanged;
  }
}
