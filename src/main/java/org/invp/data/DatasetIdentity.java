package org.invp.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.invp.InvalidDataException;
import org.invp.io.Fingerprint;

/**
 * Which images a data set holds, as far as that can be told without decoding files: their number
 * and size, the names of the classes, where each image is, and its pixels where it is no file of
 * its own, else the size of its file. Labels do not count.
 */
public final class DatasetIdentity {
  private static final long NO_FILE = -1;

  private DatasetIdentity() {}

  /** Adds all of it to a fingerprint. */
  public static void addTo(Fingerprint fingerprint, ImageDataset images) {
    fingerprint
        .add(images.size())
        .add(images.channels())
        .add(images.imageHeight())
        .add(images.imageWidth())
        .add(String.join("\n", images.classNames()));
    boolean inMemory = images.imageHeight() > 0 && images.imageWidth() > 0;
    try (ImageBuffer buffer = new ImageBuffer()) {
      for (int image = 0; image < images.size(); image++) {
        fingerprint.add(images.describe(image));
        long bytes = inMemory ? NO_FILE : fileBytes(images.describe(image));
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
