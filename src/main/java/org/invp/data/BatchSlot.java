package org.invp.data;

import java.util.BitSet;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** The memory of one batch under construction. Its fields are guarded by the ring's lock. */
final class BatchSlot implements AutoCloseable {
  private static final int NONE = -1;

  private final FloatTensor images;
  private final IntTensor indices;
  private final BitSet unreadable = new BitSet();

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
    unreadable.clear();
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

  /** Notes that the image at a position could not be read. */
  void addUnreadable(int position) {
    unreadable.set(position);
  }

  boolean holds(int number) {
    return batch == number && missing == 0;
  }

  Throwable failure() {
    return failure;
  }

  /** The finished batch of {@code size} images, less those that could not be read. */
  Batch view(int size) {
    int corrupt = unreadable.cardinality();
    int kept = corrupt > 0 ? closeGaps(size) : size;
    return new Batch(images.slice(kept), indices.slice(kept), kept, corrupt);
  }

  /** Moves the readable images together, in their order; returns how many there are. */
  private int closeGaps(int size) {
    int kept = 0;
    for (int i = unreadable.nextClearBit(0); i < size; i = unreadable.nextClearBit(i + 1)) {
      if (kept < i) {
        images.slice(kept, kept + 1).segment().copyFrom(images.slice(i, i + 1).segment());
        indices.set(kept, indices.get(i));
      }
      kept++;
    }
    return kept;
  }

  @Override
  public void close() {
    images.close();
    indices.close();
  }
}
