package org.invp.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.invp.InvalidDataException;
import org.invp.io.Fingerprint;

/**
 * Which images a data set holds, as far as that can be told without decoding files: their number
 * and size, the names of the classes, where each image is, and its pixels where it is no file of
 * its own, else the size of its file. Labels do not count.
 */
public final class DatasetIdentity {
  private static final long NO_FILE = -1;
  private static final int SIZES_OF_A_COPY = 10_000;

  private DatasetIdentity() {}

  /** Adds all of it to a fingerprint. */
  public static void addTo(Fingerprint fingerprint, ImageDataset images) {
    add(fingerprint, images, UnaryOperator.identity(), 1);
  }

  /**
   * Adds what all copies of a data set have in common, wherever they lie: places count from the
   * folder, labels count too, and of the files' sizes a sample, which spares a network file system
   * a question per image.
   *
   * @param folder the copy's, as it was given to the one who opened it
   */
  public static void addCopyTo(Fingerprint fingerprint, ImageDataset images, Path folder) {
    String prefix = folder.resolve("x").toString();
    String root = prefix.substring(0, prefix.length() - 1);
    int stride = 1 + images.size() / SIZES_OF_A_COPY;
    add(fingerprint, images, place -> place.replace(root, ""), stride);
    for (int image = 0; image < images.size(); image++) {
      fingerprint.add(images.label(image));
    }
  }

  /**
   * @param stride every how many files one is asked for its size
   */
  private static void add(
      Fingerprint fingerprint, ImageDataset images, UnaryOperator<String> place, int stride) {
    fingerprint
        .add(images.size())
        .add(images.channels())
        .add(images.imageHeight())
        .add(images.imageWidth())
        .add(String.join("\n", images.classNames()));
    boolean inMemory = images.imageHeight() > 0 && images.imageWidth() > 0;
    try (ImageBuffer buffer = new ImageBuffer()) {
      for (int image = 0; image < images.size(); image++) {
        String description = images.describe(image);
        fingerprint.add(place.apply(description));
        if (!inMemory && image % stride != 0) {
          continue;
        }
        long bytes = inMemory ? NO_FILE : fileBytes(description);
        fingerprint.add(bytes);
        if (bytes == NO_FILE) {
          addPixels(fingerprint, images, image, buffer);
        }
      }
    }
  }

  private static void addPixels(
      Fingerprint fingerprint, ImageDataset images, int image, ImageBuffer buffer) {
    try {
      images.read(image, buffer);
      fingerprint.add(buffer.height()).add(buffer.width()).add(buffer.data());
    } catch (InvalidDataException e) {
      fingerprint.add("unreadable");
    }
  }

  /** The size of a file, or {@link #NO_FILE} if the text names none. */
  private static long fileBytes(String description) {
    try {
      return Files.size(Path.of(description));
    } catch (IOException | InvalidPathException e) {
      return NO_FILE;
    }
  }
}
