package org.invp.data;

import java.util.List;

/** A data set that differs from another in what a test overrides. */
public abstract class ForwardingDataset implements ImageDataset {
  private final ImageDataset images;

  /**
   * @param images closed with this data set, unless {@link #close} is overridden
   */
  protected ForwardingDataset(ImageDataset images) {
    this.images = images;
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
  public void read(int index, ImageBuffer buffer) {
    images.read(index, buffer);
  }

  @Override
  public void noteUnreadable(int index, String reason) {
    images.noteUnreadable(index, reason);
  }

  @Override
  public boolean isUnreadable(int index) {
    return images.isUnreadable(index);
  }

  @Override
  public void close() {
    images.close();
  }
}
