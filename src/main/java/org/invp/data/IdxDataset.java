package org.invp.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * Gray images and their labels from two IDX files, as MNIST, Fashion-MNIST, KMNIST and EMNIST come.
 * The files do not say what the classes are called: see {@link IdxClassNames}. Held in native
 * memory.
 */
public final class IdxDataset extends StoredDataset {
  private final Path imageFile;

  private IdxDataset(Path imageFile, PixelStore store, byte[] labels, List<String> classNames) {
    super(store, labels, classNames);
    this.imageFile = imageFile;
  }

  /**
   * Opens a split by its usual file names, {@code train-images-idx3-ubyte} and so on, with or
   * without {@code .gz}; of ten classes.
   *
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static IdxDataset open(Path folder, Split split) {
    String prefix = split == Split.TRAIN ? "train" : "t10k";
    return open(
        find(folder, prefix + "-images", "idx3-ubyte"),
        find(folder, prefix + "-labels", "idx1-ubyte"),
        10);
  }

  /**
   * Opens two files, each gzip-compressed or not.
   *
   * @param images unsigned bytes, [count, height, width]
   * @param labels unsigned bytes, [count]
   * @param classes how many there are; 0 for one more than the largest label
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static IdxDataset open(Path images, Path labels, int classes) {
    Checks.within("classes", classes, 0, 256);
    byte[] values = readLabels(labels);
    int largest = 0;
    for (int i = 0; i < values.length; i++) {
      largest = Math.max(largest, values[i] & 255);
      if (classes > 0 && (values[i] & 255) >= classes) {
        throw new InvalidDataException(
            Text.format(
                "%s: label %d of image %d, expected 0 to %d",
                labels, values[i] & 255, i, classes - 1));
      }
    }
    List<String> names = IdxClassNames.of(labels, values, classes > 0 ? classes : largest + 1);
    PixelStore store = readImages(images, labels, values.length);
    return new IdxDataset(images, store, values, names);
  }

  private static byte[] readLabels(Path path) {
    try (IdxFile file = IdxFile.open(path, 1)) {
      byte[] values = new byte[file.shape()[0]];
      file.read(values);
      file.finish();
      return values;
    }
  }

  private static PixelStore readImages(Path path, Path labels, int count) {
    try (IdxFile file = IdxFile.open(path, 3)) {
      int[] shape = file.shape();
      if (shape[0] != count) {
        throw new InvalidDataException(
            Text.format(
                "%s has %d images, but %s has %d labels; expected as many",
                path, shape[0], labels, count));
      }
      PixelStore store = PixelStore.allocate(path, shape[0], shape[1], shape[2], 1);
      try {
        fill(file, store);
        return store;
      } catch (RuntimeException e) {
        store.close();
        throw e;
      }
    }
  }

  private static void fill(IdxFile file, PixelStore store) {
    MemorySegment pixels = store.pixels();
    byte[] chunk = new byte[(int) Math.min(1 << 16, pixels.byteSize())];
    for (long at = 0; at < pixels.byteSize(); at += chunk.length) {
      if (pixels.byteSize() - at < chunk.length) {
        chunk = new byte[(int) (pixels.byteSize() - at)];
      }
      file.read(chunk);
      MemorySegment.copy(chunk, 0, pixels, ValueLayout.JAVA_BYTE, at, chunk.length);
    }
    file.finish();
  }

  private static Path find(Path folder, String name, String type) {
    for (String separator : List.of("-", ".")) {
      for (String end : List.of(".gz", "")) {
        Path path = folder.resolve(name + separator + type + end);
        if (Files.exists(path)) {
          return path;
        }
      }
    }
    throw new InvalidDataException(
        Text.format(
            "%s: no such file, nor %s.gz; expected the four IDX files of an MNIST-like data set in %s",
            folder.resolve(name + "-" + type), name + "-" + type, folder));
  }

  @Override
  public String describe(int index) {
    return "image " + index + " of " + imageFile;
  }
}
