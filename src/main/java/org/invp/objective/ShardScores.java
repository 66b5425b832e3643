package org.invp.objective;

import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The scores of the positives and of the anchors' own rows, each from the rank that holds the row,
 * together with the maxima of all shards: one exchange, by the maximum, in which who does not know
 * a number says minus infinity.
 */
final class ShardScores implements AutoCloseable {
  private final ProcessGroup group;
  private final Shard shard;
  private final ShardBank bank;
  private final HostInts localIds = new HostInts();
  private final HostFloats localScores = new HostFloats();
  private final HostFloats exchanged = new HostFloats();
  private final HostFloats positives = new HostFloats();
  private final HostFloats own = new HostFloats();
  private long numbersExchanged;

  ShardScores(ProcessGroup group, Shard shard, ShardBank bank) {
    this.group = group;
    this.shard = shard;
    this.bank = bank;
  }

  /**
   * Collective.
   *
   * @param units [Q, D]
   * @param walk [Q, W], padded with -1
   * @param maxima [Q, 2], this shard's; out: those of all
   */
  void exchange(FloatTensor units, IntTensor anchors, IntTensor walk, FloatTensor maxima) {
    int batch = (int) anchors.size();
    int width = (int) walk.shape(1);
    FloatTensor known = scoreOwnRows(units, anchors, walk);
    FloatTensor all = exchanged.at(3L * batch + positives(walk));
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
    spread(all, walk, maxima);
  }

  private void spread(FloatTensor all, IntTensor walk, FloatTensor maxima) {
    int batch = (int) walk.shape(0);
    int width = (int) walk.shape(1);
    FloatTensor ownScores = own.at(batch);
    FloatTensor scores = positives.at(batch, width);
    int at = 0;
    for (int q = 0; q < batch; q++) {
      maxima.set(2L * q, all.get(at++));
      maxima.set(2L * q + 1, all.get(at++));
      ownScores.set(q, all.get(at++));
      for (int j = 0; j < width; j++) {
        boolean found = walk.get((long) q * width + j) >= 0;
        scores.set((long) q * width + j, found ? all.get(at++) : 0);
      }
    }
  }

  private FloatTensor scoreOwnRows(FloatTensor units, IntTensor anchors, IntTensor walk) {
    int batch = (int) anchors.size();
    int width = (int) walk.shape(1);
    IntTensor ids = localIds.at(batch, width + 1L);
    for (int q = 0; q < batch; q++) {
      for (int j = 0; j < width; j++) {
        ids.set(q * (width + 1L) + j, here(walk.get((long) q * width + j)));
      }
      ids.set(q * (width + 1L) + width, here(anchors.get(q)));
    }
    FloatTensor known = localScores.at(ids.shape());
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

  /** [Q, W], 0 for none. */
  FloatTensor positiveScores(long batch, long width) {
    return positives.at(batch, width);
  }

  /** [Q]. */
  FloatTensor ownScores(long batch) {
    return own.at(batch);
  }

  /** How many numbers were exchanged so far: what decides the traffic. */
  long numbersExchanged() {
    return numbersExchanged;
  }

  @Override
  public void close() {
    localIds.close();
    localScores.close();
    exchanged.close();
    positives.close();
    own.close();
  }
}
