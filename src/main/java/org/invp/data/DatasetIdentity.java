package org.invp.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.invp.io.Fingerprint;

/**
 * Which images a data set holds, as far as that can be told without decoding files: their number
 * and size, the names of the classes, where each image is, and its pixels where they are in memory,
 * else the size of its file. Labels do not count.
 */
public final class DatasetIdentity {
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
        if (inMemory) {
          images.read(image, buffer);
          fingerprint.add(buffer.data());
        } else {
          fingerprint.add(fileBytes(images.describe(image)));
        }
      }
    }
  }

  /** The size of a file, or -1 if the text names none. */
  private static long fileBytes(String description) {
    try {
      return Files.size(Path.of(description));
    } catch (IOException | InvalidPathException e) {
      return -1;
    }
  }
}
