package org.invp.data;

import java.util.List;
import java.util.Objects;

/** The first images of another data set. */
class SubsetDataset implements ImageDataset {
  private final ImageDataset whole;
  private final int size;

  SubsetDataset(ImageDataset whole, int size) {
    this.whole = whole;
    this.size = size;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int channels() {
    return whole.channels();
  }

  @Override
  public int imageHeight() {
    return whole.imageHeight();
  }

  @Override
  public int imageWidth() {
    return whole.imageWidth();
  }

  @Override
  public List<String> classNames() {
    return whole.classNames();
  }

  @Override
  public int label(int index) {
    return whole.label(Objects.checkIndex(index, size));
  }

  @Override
  public String describe(int index) {
    return whole.describe(Objects.checkIndex(index, size));
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    whole.read(Objects.checkIndex(index, size), buffer);
  }

  @Override
  public void close() {
    whole.close();
  }
}
