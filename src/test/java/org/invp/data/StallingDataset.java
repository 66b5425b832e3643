package org.invp.data;

import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A data set on a disk that stalls: from a certain read on, reads wait until {@link #recover}. */
public final class StallingDataset implements ImageDataset {
  private final ImageDataset images;
  private final Runnable onStall;
  private final CountDownLatch recovered = new CountDownLatch(1);
  private int readsLeft;

  /**
   * @param images stays the caller's
   * @param reads that work
   * @param onStall called by each read that stalls, before it waits
   */
  public StallingDataset(ImageDataset images, int reads, Runnable onStall) {
    this.images = images;
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
    images.read(index, buffer);
  }

  private synchronized boolean stalls() {
    return readsLeft-- <= 0;
  }

  @Override
  public int size() {
    return images.size();
  }

  @Override
  public int channels() {
    return images.channels();
  }

  @Override
  public int imageHeight() {
    return images.imageHeight();
  }

  @Override
  public int imageWidth() {
    return images.imageWidth();
  }

  @Override
  public List<String> classNames() {
    return images.classNames();
  }

  @Override
  public int label(int index) {
    return images.label(index);
  }

  @Override
  public String describe(int index) {
    return images.describe(index);
  }

  @Override
  public void close() {}
}
