package org.invp.data;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** The memory of one batch under construction. Its fields are guarded by the ring's lock. */
final class BatchSlot implements AutoCloseable {
  private static final int NONE = -1;

  private final FloatTensor images;
  private final IntTensor indices;

  private int batch = NONE;
  private int missing;
  private int failedAt;
  private Throwable failure;

  BatchSlot(int batchSize, Transform transform) {
    images =
        FloatTensor.allocate(
            batchSize, transform.channels(), transform.height(), transform.width());
    indices = IntTensor.allocate(batchSize);
  }

  FloatTensor images() {
    return images;
  }

  void clear() {
    batch = NONE;
  }

  void begin(EpochPlan plan, int number) {
    batch = number;
    missing = plan.size(number);
    failure = null;
    for (int i = 0; i < missing; i++) {
      indices.set(i, plan.image(number, i));
    }
  }

  /** Counts images as done; of several failures the one of the first image stays. */
  void complete(int count, int position, Throwable error) {
    missing -= count;
    if (error != null && (failure == null || position < failedAt)) {
      failure = error;
      failedAt = position;
    }
  }

  boolean holds(int number) {
    return batch == number && missing == 0;
  }

  Throwable failure() {
    return failure;
  }

  Batch view(int size) {
    return new Batch(images.slice(size), indices.slice(size), size);
  }

  @Override
  public void close() {
    images.close();
    indices.close();
  }
}
