package org.invp.eval;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Features computed beforehand, of one or several layers, in an order drawn anew for every epoch.
 */
final class CachedFeatures implements LabelledFeatures {
  private final List<FloatTensor> layers;
  private final Truth truth;
  private final int[] order;
  private final long seed;
  private final List<FloatTensor> rows;
  private final IntTensor known;
  private int begin;
  private int size;

  /**
   * @param layers [N, length] each; they stay the caller's
   */
  CachedFeatures(List<FloatTensor> layers, Truth truth, int batchSize, long seed) {
    this.layers = List.copyOf(layers);
    this.truth = truth;
    this.seed = seed;
    this.order = new int[truth.images()];
    int capacity = Math.min(batchSize, truth.images());
    this.rows =
        layers.stream().map(layer -> FloatTensor.allocate(capacity, layer.shape(1))).toList();
    this.known = truth.allocate(capacity);
  }

  @Override
  public int images() {
    return order.length;
  }

  @Override
  public int batches() {
    return Math.ceilDiv(order.length, capacity());
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
    size = Math.min(capacity(), order.length - begin);
    for (int layer = 0; layer < layers.size(); layer++) {
      gather(layers.get(layer), rows.get(layer));
    }
    for (int i = 0; i < size; i++) {
      truth.copy(order[begin + i], known, i);
    }
    return size > 0;
  }

  private void gather(FloatTensor all, FloatTensor batch) {
    long bytes = all.shape(1) * Float.BYTES;
    for (int i = 0; i < size; i++) {
      int image = order[begin + i];
      MemorySegment.copy(all.segment(), image * bytes, batch.segment(), i * bytes, bytes);
    }
  }

  private int capacity() {
    return (int) known.shape(0);
  }

  @Override
  public FloatTensor features(int layer) {
    return rows.get(layer).slice(size);
  }

  @Override
  public IntTensor truth() {
    return known.slice(size);
  }

  @Override
  public void close() {
    rows.forEach(FloatTensor::close);
    known.close();
  }
}
