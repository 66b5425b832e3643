package org.invp.data;

import java.util.List;

/** Small images of one size, all held in native memory, each with a label. */
abstract class StoredDataset implements ImageDataset {
  private final PixelStore store;
  private final byte[] labels;
  private final List<String> classNames;
  private final UnreadableImages unreadable = new UnreadableImages();

  /**
   * @param store belongs to the data set from now on
   * @param labels unsigned, one per image
   */
  StoredDataset(PixelStore store, byte[] labels, List<String> classNames) {
    this.store = store;
    this.labels = labels;
    this.classNames = classNames;
  }

  @Override
  public final int size() {
    return store.count();
  }

  @Override
  public final int channels() {
    return store.channels();
  }

  @Override
  public final int imageHeight() {
    return store.height();
  }

  @Override
  public final int imageWidth() {
    return store.width();
  }

  @Override
  public final List<String> classNames() {
    return classNames;
  }

  @Override
  public final int label(int index) {
    return labels[index] & 255;
  }

  @Override
  public final void read(int index, ImageBuffer buffer) {
    store.read(index, buffer);
  }

  @Override
  public final void noteUnreadable(int index, String reason) {
    unreadable.add(index, reason);
  }

  @Override
  public final boolean isUnreadable(int index) {
    return unreadable.contains(index);
  }

  @Override
  public final void close() {
    store.close();
  }
}
