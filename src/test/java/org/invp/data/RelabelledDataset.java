package org.invp.data;

import java.util.List;
import java.util.function.IntUnaryOperator;

/** A data set with other labels. */
public final class RelabelledDataset implements ImageDataset {
  private final ImageDataset images;
  private final IntUnaryOperator relabel;

  /**
   * @param images closed with this data set
   * @param relabel gives a label's new one
   */
  public RelabelledDataset(ImageDataset images, IntUnaryOperator relabel) {
    this.images = images;
    this.relabel = relabel;
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
    return relabel.applyAsInt(images.label(index));
  }

  @Override
  public String describe(int index) {
    return images.describe(index);
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    images.read(index, buffer);
  }

  @Override
  public void close() {
    images.close();
  }
}
