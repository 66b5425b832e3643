package org.invp.report;

import java.util.List;
import org.invp.data.ImageBuffer;
import org.invp.data.ImageDataset;

/** Some images of another data set, in a given order; closing it leaves that one open. */
final class ChosenImages implements ImageDataset {
  private final ImageDataset whole;
  private final int[] indices;

  ChosenImages(ImageDataset whole, int... indices) {
    this.whole = whole;
    this.indices = indices.clone();
  }

  /** At most {@code count} indices of {@code size}, evenly spread. */
  static int[] spread(int size, int count) {
    int chosen = Math.min(size, count);
    int[] indices = new int[chosen];
    for (int i = 0; i < chosen; i++) {
      indices[i] = (int) ((long) i * size / chosen);
    }
    return indices;
  }

  @Override
  public int size() {
    return indices.length;
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
    return whole.label(indices[index]);
  }

  @Override
  public String describe(int index) {
    return whole.describe(indices[index]);
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    whole.read(indices[index], buffer);
  }

  @Override
  public void noteUnreadable(int index, String reason) {
    whole.noteUnreadable(indices[index], reason);
  }

  @Override
  public boolean isUnreadable(int index) {
    return whole.isUnreadable(indices[index]);
  }

  @Override
  public void close() {}
}
