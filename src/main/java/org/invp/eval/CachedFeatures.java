package org.invp.eval;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Features of one layer, computed beforehand, in an order drawn anew for every epoch. */
final class CachedFeatures implements LabelledFeatures {
  private final FloatTensor all;
  private final int[] truth;
  private final int[] order;
  private final long seed;
  private final FloatTensor rows;
  private final IntTensor labels;
  private int begin;
  private int size;

  /**
   * @param all [N, length]; stays the caller's
   */
  CachedFeatures(FloatTensor all, int[] truth, int batchSize, long seed) {
    this.all = all;
    this.truth = truth;
    this.seed = seed;
    this.order = new int[truth.length];
    int capacity = Math.min(batchSize, truth.length);
    this.rows = FloatTensor.allocate(capacity, all.shape(1));
    this.labels = IntTensor.allocate(capacity);
  }

  @Override
  public int batches() {
    return Math.ceilDiv(truth.length, (int) rows.shape(0));
  }

  @Override
  public void start(int epoch) {
    Random random = new Random(31 * seed + epoch);
    for (int i = 0; i < order.length; i++) {
      int place = random.nextInt(i + 1);
      order[i] = order[place];
      order[place] = i;
    }
    begin = 0;
    size = 0;
  }

  @Override
  public boolean next() {
    begin += size;
    size = Math.min((int) rows.shape(0), truth.length - begin);
    long bytes = all.shape(1) * Float.BYTES;
    for (int i = 0; i < size; i++) {
      int image = order[begin + i];
      MemorySegment.copy(all.segment(), image * bytes, rows.segment(), i * bytes, bytes);
      labels.set(i, truth[image]);
    }
    return size > 0;
  }

  @Override
  public FloatTensor features(int layer) {
    return rows.slice(size);
  }

  @Override
  public IntTensor labels() {
    return labels.slice(size);
  }

  @Override
  public void close() {
    rows.close();
    labels.close();
  }
}
