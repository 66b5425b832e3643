package org.invp.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Some images of another data set, in any order. */
class SelectedDataset implements ImageDataset {
  private final ImageDataset whole;
  private final int[] images;

  SelectedDataset(ImageDataset whole, int... images) {
    for (int image : images) {
      Objects.checkIndex(image, whole.size());
    }
    this.whole = whole;
    this.images = images.clone();
  }

  /** The index of an image in the whole data set. */
  final int place(int index) {
    return images[index];
  }

  @Override
  public Optional<Path> root() {
    return whole.root();
  }

  @Override
  public int size() {
    return images.length;
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
    return whole.label(place(index));
  }

  @Override
  public String describe(int index) {
    return whole.describe(place(index));
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    whole.read(place(index), buffer);
  }

  @Override
  public void noteUnreadable(int index, String reason) {
    whole.noteUnreadable(place(index), reason);
  }

  @Override
  public boolean isUnreadable(int index) {
    return whole.isUnreadable(place(index));
  }

  @Override
  public Optional<String> remark() {
    return whole.remark();
  }

  @Override
  public void close() {
    whole.close();
  }
}
