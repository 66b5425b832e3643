package org.invp.data;

/** Which image stands where in an epoch, or in one process's part of it. Immutable. */
final class EpochPlan {
  /** The stream of the order; images use their indices, which are never negative. */
  private static final long ORDER_STREAM = -1;

  private final long seed;
  private final long epoch;
  private final int[] order; // null for 0, 1, 2, ...
  private final int images;
  private final int batchSize;
  private final BatchPart part;

  private EpochPlan(long seed, long epoch, int[] order, int images, int batchSize, BatchPart part) {
    this.seed = seed;
    this.epoch = epoch;
    this.order = order;
    this.images = images;
    this.batchSize = batchSize;
    this.part = part;
  }

  /** The images in their own order. */
  static EpochPlan sequential(long seed, long epoch, int images, int batchSize, BatchPart part) {
    return new EpochPlan(seed, epoch, null, images, batchSize, part);
  }

  /**
   * A random order of {@code size} images, of which the first {@code images} are used: Fisher-Yates
   * from the last place down, driven by the numbers of (seed, epoch).
   */
  static EpochPlan shuffled(
      long seed, long epoch, int size, int images, int batchSize, BatchPart part) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    CounterRandom random = new CounterRandom(seed, epoch, ORDER_STREAM);
    for (int i = size - 1; i > 0; i--) {
      int j = random.below(i + 1);
      int moved = order[i];
      order[i] = order[j];
      order[j] = moved;
    }
    return new EpochPlan(seed, epoch, order, images, batchSize, part);
  }

  long seed() {
    return seed;
  }

  long epoch() {
    return epoch;
  }

  int batches() {
    return Math.ceilDiv(images, batchSize);
  }

  /** The number of images in a batch's part. */
  int size(int batch) {
    return part.size(wholeSize(batch));
  }

  /** The image at a place of a batch's part. */
  int image(int batch, int position) {
    int place = batch * batchSize + part.from(wholeSize(batch)) + position;
    return order == null ? place : order[place];
  }

  private int wholeSize(int batch) {
    return Math.min(batchSize, images - batch * batchSize);
  }
}
