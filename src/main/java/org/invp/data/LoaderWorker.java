package org.invp.data;

import java.lang.foreign.MemorySegment;
import org.invp.InvalidDataException;
import org.invp.InvpException;

/** One worker thread's loop: claim a few images, read and transform them into their batch. */
final class LoaderWorker implements Runnable {
  private final ImageDataset dataset;
  private final NativeTransform transform;
  private final BatchRing ring;
  private final long imageBytes;
  private final boolean skips;

  LoaderWorker(
      ImageDataset dataset,
      NativeTransform transform,
      BatchRing ring,
      long imageBytes,
      boolean skips) {
    this.dataset = dataset;
    this.transform = transform;
    this.ring = ring;
    this.imageBytes = imageBytes;
    this.skips = skips;
  }

  @Override
  public void run() {
    BatchRing.Chunk chunk = new BatchRing.Chunk();
    try (ImageBuffer buffer = new ImageBuffer();
        transform) {
      while (ring.claim(chunk)) {
        prepare(chunk, buffer);
      }
    }
  }

  private void prepare(BatchRing.Chunk chunk, ImageBuffer buffer) {
    int position = chunk.from;
    Throwable failure = null;
    try {
      MemorySegment images = chunk.slot.images().segment();
      for (; position < chunk.to; position++) {
        int index = chunk.plan.image(chunk.batch, position);
        MemorySegment output = images.asSlice(position * imageBytes, imageBytes);
        if (!prepare(chunk.plan, index, buffer, output)) {
          chunk.unreadable.set(position);
        }
      }
    } catch (Throwable t) {
      failure = t;
    }
    // Whatever happened, the chunk is accounted for: the consumer waits for it.
    ring.complete(chunk, position, failure);
  }

  /** Fills one place of a batch; false if the image is unreadable and skipped. */
  private boolean prepare(EpochPlan plan, int index, ImageBuffer buffer, MemorySegment output) {
    try {
      read(plan, index, buffer, output);
      return true;
    } catch (InvalidDataException e) {
      if (!skips) {
        throw e;
      }
      dataset.noteUnreadable(index, e.getMessage());
      return false;
    }
  }

  private void read(EpochPlan plan, int index, ImageBuffer buffer, MemorySegment output) {
    dataset.read(index, buffer);
    try {
      transform.apply(plan.seed(), plan.epoch(), index, buffer, output);
    } catch (InvalidDataException e) {
      throw new InvalidDataException(dataset.describe(index) + ": " + e.getMessage(), e);
    } catch (InvpException | IllegalArgumentException e) {
      throw new InvpException(dataset.describe(index) + ": " + e.getMessage(), e);
    }
  }
}
