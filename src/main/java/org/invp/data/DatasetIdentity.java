package org.invp.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
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
  private static final int HASH_DIGITS = 8;

  private DatasetIdentity() {}

  /**
   * What a data set's images are, for a later look at images of which one is not sure.
   *
   * @param digest of everything that all copies have in common but labels
   * @param hashes one per image, of its place below the folders, and of its pixels where it is no
   *     file of its own; owned by the record
   * @param side the length of the shorter side that all images have in pixels; 0 if they differ
   */
  @SuppressWarnings("ArrayRecordComponent") // Hashes go to a tensor and come from one.
  public record Copy(String digest, int[] hashes, int side) {}

  /** Adds all of it to a fingerprint. */
  public static void addTo(Fingerprint fingerprint, ImageDataset images) {
    add(fingerprint, images, UnaryOperator.identity(), 1, new int[images.size()]);
  }

  /**
   * Adds what all copies of a data set have in common, wherever they lie: places count from the
   * folders, or from the images' own where these lie elsewhere; labels count too, and of the files'
   * sizes a sample, which spares a network file system a question per image.
   *
   * @param folders the copy's, as they were given to the one who opened it
   */
  public static void addCopyTo(Fingerprint fingerprint, ImageDataset images, List<Path> folders) {
    addCopy(fingerprint, images, folders, new int[images.size()]);
    for (int image = 0; image < images.size(); image++) {
      fingerprint.add(images.label(image));
    }
  }

  /** What all copies of a data set have in common; see {@link #addCopyTo}. */
  public static Copy copy(ImageDataset images, List<Path> folders) {
    Fingerprint fingerprint = new Fingerprint();
    int[] hashes = new int[images.size()];
    addCopy(fingerprint, images, folders, hashes);
    return new Copy(fingerprint.hex(), hashes, Math.min(images.imageHeight(), images.imageWidth()));
  }

  private static void addCopy(
      Fingerprint fingerprint, ImageDataset images, List<Path> folders, int[] hashes) {
    List<String> roots = folders.stream().map(DatasetIdentity::prefix).toList();
    int stride = 1 + images.size() / SIZES_OF_A_COPY;
    String elsewhere = images.root().map(DatasetIdentity::prefix).orElse(roots.getFirst());
    add(fingerprint, images, place -> below(roots, elsewhere, place), stride, hashes);
  }

  /** A folder with the separator after it. */
  private static String prefix(Path folder) {
    String within = folder.resolve("x").toString();
    return within.substring(0, within.length() - 1);
  }

  /** A place without its folder; of several folders with the number of that folder. */
  private static String below(List<String> roots, String elsewhere, String place) {
    if (roots.size() == 1) {
      String root = roots.getFirst();
      return place.replace(place.contains(root) ? root : elsewhere, "");
    }
    for (int root = 0; root < roots.size(); root++) {
      if (place.startsWith(roots.get(root))) {
        return root + "/" + place.substring(roots.get(root).length());
      }
    }
    return place;
  }

  /**
   * @param stride every how many files one is asked for its size
   * @param hashes out, one per image
   */
  private static void add(
      Fingerprint fingerprint,
      ImageDataset images,
      UnaryOperator<String> place,
      int stride,
      int[] hashes) {
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
        Fingerprint own = new Fingerprint().add(place.apply(description));
        if (inMemory || image % stride == 0) {
          long bytes = inMemory ? NO_FILE : fileBytes(description);
          fingerprint.add(bytes);
          if (bytes == NO_FILE) {
            addPixels(own, images, image, buffer);
          }
        }
        String hex = own.hex();
        fingerprint.add(hex);
        hashes[image] = Integer.parseUnsignedInt(hex, 0, HASH_DIGITS, 16);
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
