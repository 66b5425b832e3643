package org.invp.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Images with or without labels, each with an index from 0. All methods may be called from any
 * thread, {@link #read} from many at once with a buffer each. After {@link #close} they throw
 * {@link IllegalStateException} or keep answering, but never touch freed memory.
 */
public interface ImageDataset extends AutoCloseable {
  /** The label of an image that nobody labelled. */
  int UNLABELLED = -1;

  /** The number of images. */
  int size();

  /** Channels of the images: 1 (gray) or 3 (RGB; images that are gray are repeated). */
  int channels();

  /** The height that all images have, or 0 if they differ. */
  int imageHeight();

  /** The width that all images have, or 0 if they differ. */
  int imageWidth();

  /** The names of the classes; a label is a position in this list. None without labels. */
  List<String> classNames();

  /** The label of an image, in 0..classes()-1, or {@link #UNLABELLED}. */
  int label(int index);

  /** The file of an image, or its place in a file: what an error about it names. */
  String describe(int index);

  /**
   * The folder that the images lie in, where they are files of their own; it may be another than
   * the data set's.
   */
  default Optional<Path> root() {
    return Optional.empty();
  }

  /**
   * Puts an image into a buffer.
   *
   * @throws org.invp.InvalidDataException if it cannot be read, naming the file
   */
  void read(int index, ImageBuffer buffer);

  /**
   * Notes that an image could not be read where that ends nothing ({@link
   * Decoding.OnCorrupt#SKIP}); the first time for each, the log says so.
   *
   * @param reason what is wrong, naming the file
   */
  void noteUnreadable(int index, String reason);

  /** Whether an image was {@linkplain #noteUnreadable noted} as one that could not be read. */
  boolean isUnreadable(int index);

  /** How many images have been noted as ones that could not be read. */
  default int unreadable() {
    return (int) IntStream.range(0, size()).filter(this::isUnreadable).count();
  }

  /** The number of classes. */
  default int classes() {
    return classNames().size();
  }

  /** Whether any image has a label. */
  default boolean hasLabels() {
    return IntStream.range(0, size()).anyMatch(image -> label(image) != UNLABELLED);
  }

  /** The labels of all images, [size]. */
  default int[] labels() {
    int[] labels = new int[size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = label(i);
    }
    return labels;
  }

  /**
   * The first images, under the same indices. The result shares this data set's memory; closing
   * either closes both.
   *
   * @param count how many, at least 1; all if there are fewer
   */
  default ImageDataset subset(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a subset of " + count + " images, allowed: at least 1");
    }
    return count >= size() ? this : select(IntStream.range(0, count).toArray());
  }

  /**
   * Some images, the i-th of them under index i. The result shares this data set's memory; closing
   * either closes both.
   *
   * @param images their indices here
   * @throws IndexOutOfBoundsException if there is no image of an index
   */
  default ImageDataset select(int... images) {
    return new SelectedDataset(this, images);
  }

  /** The images that have a label, in the same order; as {@link #select} where some have none. */
  default ImageDataset labelled() {
    int[] labelled =
        IntStream.range(0, size()).filter(image -> label(image) != UNLABELLED).toArray();
    return labelled.length == size() ? this : select(labelled);
  }

  /** What whoever opened the data set should hear of how that went, in a sentence. */
  default Optional<String> remark() {
    return Optional.empty();
  }

  /** Releases what the data set holds; idempotent. */
  @Override
  void close();
}
