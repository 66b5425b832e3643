package org.invp.eval;

import java.util.BitSet;
import org.invp.InvalidDataException;
import org.invp.data.ImageDataset;
import org.invp.data.MultiLabelDataset;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/**
 * Which images of a data set a pass over it could read, where the settings say to skip the others
 * ({@code data.on_corrupt: skip}). Immutable.
 */
public final class ReadImages {
  private final BitSet read;
  private final int images;

  /**
   * @param read the images that were read
   * @param images of the data set
   */
  ReadImages(BitSet read, int images) {
    this.read = (BitSet) read.clone();
    this.images = images;
  }

  /** Every image was read. */
  public static ReadImages all(int images) {
    BitSet read = new BitSet(images);
    read.set(0, images);
    return new ReadImages(read, images);
  }

  /** Whether every image was read. */
  public boolean all() {
    return count() == images;
  }

  /** How many were read. */
  public int count() {
    return read.cardinality();
  }

  /** Whether an image was read. */
  public boolean contains(int image) {
    return read.get(image);
  }

  /** The images that were read, ascending. */
  public int[] indices() {
    return read.stream().toArray();
  }

  /** The images that were not, ascending. */
  public int[] others() {
    BitSet others = new BitSet(images);
    others.set(0, images);
    others.andNot(read);
    return others.stream().toArray();
  }

  /** Of the data set those images that were read; the same data set if all were. */
  ImageDataset of(ImageDataset whole) {
    return all() ? whole : whole.select(indices());
  }

  /** As above. */
  public MultiLabelDataset of(MultiLabelDataset whole) {
    return all() ? whole : whole.select(indices());
  }

  /**
   * Moves the rows of the images that were read together, in their order.
   *
   * @param rows [images, D], changed
   * @return [{@link #count}, D], of the same memory
   */
  FloatTensor together(FloatTensor rows) {
    int row = 0;
    for (int image : all() ? new int[0] : indices()) {
      if (row < image) {
        rows.slice(row, row + 1L).copyFrom(rows.slice(image, image + 1L));
      }
      row++;
    }
    return all() ? rows : rows.slice(count());
  }

  /**
   * Gives the rows of images that were not read zeros, which stand for no embedding.
   *
   * @param rows [images, D], or null
   */
  public void blankOthers(FloatTensor rows) {
    if (rows != null) {
      for (int image : others()) {
        rows.slice(image, image + 1L).segment().fill((byte) 0);
      }
    }
  }

  /**
   * Refuses a pass that read nothing.
   *
   * @param whole the data set, at least one image
   * @throws InvalidDataException naming the first image
   */
  public void requireAny(ImageDataset whole) {
    if (count() == 0) {
      throw noneOf(whole);
    }
  }

  /** What is wrong with a data set none of whose images could be read. */
  static InvalidDataException noneOf(ImageDataset whole) {
    return new InvalidDataException(
        Text.format(
            "none of the %d images could be read, the first is %s; data.on_corrupt: fail says what"
                + " is wrong with it",
            whole.size(), whole.describe(0)));
  }
}
