package org.invp.data;

/**
 * Which image stands where in an epoch.
 *
 * @param seed of the run
 * @param epoch number of the epoch
 * @param order [N] image indices; null for 0, 1, 2, ...
 * @param images how many images the epoch has: N, or fewer when the last batch is dropped
 * @param batchSize images per batch
 */
record EpochPlan(long seed, long epoch, int[] order, int images, int batchSize) {
  /** The stream of the order; images use their indices, which are never negative. */
  private static final long ORDER_STREAM = -1;

  /** The images in their own order. */
  static EpochPlan sequential(long seed, long epoch, int images, int batchSize) {
    return new EpochPlan(seed, epoch, null, images, batchSize);
  }

  /**
   * A random order of {@code size} images, of which the first {@code images} are used: Fisher-Yates
   * from the last place down, driven by the numbers of (seed, epoch).
   */
  static EpochPlan shuffled(long seed, long epoch, int size, int images, int batchSize) {
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
    return new EpochPlan(seed, epoch, order, images, batchSize);
  }

  int batches() {
    return Math.ceilDiv(images, batchSize);
  }

  /** The number of images in a batch. */
  int size(int batch) {
    return Math.min(batchSize, images - batch * batchSize);
  }

  /** The image at a place of a batch. */
  int image(int batch, int position) {
    int place = batch * batchSize + position;
    return order == null ? place : order[place];
  }
}
