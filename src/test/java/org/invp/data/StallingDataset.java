package org.invp.data;

import java.util.concurrent.CountDownLatch;

/** A data set on a disk that stalls: from a certain read on, reads wait until {@link #recover}. */
public final class StallingDataset extends ForwardingDataset {
  private final Runnable onStall;
  private final CountDownLatch recovered = new CountDownLatch(1);
  private int readsLeft;

  /**
   * @param images stays the caller's
   * @param reads that work
   * @param onStall called by each read that stalls, before it waits
   */
  public StallingDataset(ImageDataset images, int reads, Runnable onStall) {
    super(images);
    this.readsLeft = reads;
    this.onStall = onStall;
  }

  /** Lets every read go on. */
  public void recover() {
    recovered.countDown();
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    if (stalls()) {
      onStall.run();
      boolean waiting = true;
      while (waiting) {
        try {
          recovered.await();
          waiting = false;
        } catch (InterruptedException e) {
          // As a read of a stalled disk, it cannot be interrupted.
          continue;
        }
      }
    }
    super.read(index, buffer);
  }

  private synchronized boolean stalls() {
    return readsLeft-- <= 0;
  }

  @Override
  public void close() {}
}
