package org.invp.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.io.IoErrors;

/**
 * CIFAR-10 or CIFAR-100 in the binary version of its authors' page: records of the label
 * (CIFAR-100: coarse label, fine label) and 32 x 32 pixels, all red, then all green, then all blue.
 * Held in native memory.
 */
public final class CifarDataset implements ImageDataset {
  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;

  /** Which of the data sets, and which of its labels. */
  public enum Variant {
    /** Ten classes. */
    CIFAR10("cifar-10-batches-bin", "batches.meta.txt", 10, 1, 0),
    /** CIFAR-100's hundred classes. */
    CIFAR100("cifar-100-binary", "fine_label_names.txt", 100, 2, 1),
    /** CIFAR-100's twenty superclasses. */
    CIFAR100_COARSE("cifar-100-binary", "coarse_label_names.txt", 20, 2, 0);

    private final String folder;
    private final String nameFile;
    private final int classes;
    private final int labelBytes;
    private final int labelAt;

    Variant(String folder, String nameFile, int classes, int labelBytes, int labelAt) {
      this.folder = folder;
      this.nameFile = nameFile;
      this.classes = classes;
      this.labelBytes = labelBytes;
      this.labelAt = labelAt;
    }

    private List<String> files(Split split) {
      if (this == CIFAR10) {
        return split == Split.TEST
            ? List.of("test_batch.bin")
            : IntStream.rangeClosed(1, 5).mapToObj(i -> "data_batch_" + i + ".bin").toList();
      }
      return List.of(split == Split.TEST ? "test.bin" : "train.bin");
    }

    private int recordBytes() {
      return labelBytes + 3 * PLANE;
    }
  }

  private final List<Path> files;
  private final int[] firstOfFile;
  private final PixelStore store;
  private final byte[] labels;
  private final List<String> classNames;

  private CifarDataset(List<Path> files, Variant variant, Path folder) {
    this.files = files;
    this.firstOfFile = new int[files.size() + 1];
    for (int f = 0; f < files.size(); f++) {
      firstOfFile[f + 1] =
          Math.addExact(firstOfFile[f], records(files.get(f), variant.recordBytes()));
    }
    int count = firstOfFile[files.size()];
    this.labels = new byte[count];
    this.classNames = classNames(folder.resolve(variant.nameFile), variant.classes);
    this.store = PixelStore.allocate(folder, count, SIDE, SIDE, 3);
    try {
      for (int f = 0; f < files.size(); f++) {
        readFile(f, variant);
      }
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /**
   * Opens a split.
   *
   * @param folder the folder of the {@code .bin} files, or the one that the archive was unpacked in
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static CifarDataset open(Path folder, Split split, Variant variant) {
    Path unpacked = folder.resolve(variant.folder);
    Path place = Files.isDirectory(unpacked) ? unpacked : folder;
    return new CifarDataset(
        variant.files(split).stream().map(place::resolve).toList(), variant, place);
  }

  private static int records(Path file, int recordBytes) {
    try {
      long bytes = Files.size(file);
      if (bytes == 0 || bytes % recordBytes != 0 || bytes / recordBytes > 1 << 24) {
        throw new InvalidDataException(
            "%s: %d bytes, expected a whole number of records of %d bytes, 1 to %d of them"
                .formatted(file, bytes, recordBytes, 1 << 24));
      }
      return (int) (bytes / recordBytes);
    } catch (IOException e) {
      throw new InvalidDataException(file + ": " + IoErrors.reason(e), e);
    }
  }

  private void readFile(int f, Variant variant) {
    byte[] record = new byte[variant.recordBytes()];
    byte[] image = new byte[3 * PLANE];
    Path file = files.get(f);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      for (int i = firstOfFile[f]; i < firstOfFile[f + 1]; i++) {
        if (in.readNBytes(record, 0, record.length) < record.length) {
          throw new InvalidDataException(file + ": the file is cut short");
        }
        int label = record[variant.labelAt] & 255;
        if (label >= variant.classes) {
          throw new InvalidDataException(
              "%s: label %d of image %d, expected 0 to %d"
                  .formatted(file, label, i - firstOfFile[f], variant.classes - 1));
        }
        labels[i] = (byte) label;
        interleave(record, variant.labelBytes, image);
        store.set(i, image);
      }
    } catch (IOException e) {
      throw new InvalidDataException(file + ": " + IoErrors.reason(e), e);
    }
  }

  private static void interleave(byte[] planes, int from, byte[] image) {
    for (int i = 0; i < PLANE; i++) {
      for (int c = 0; c < 3; c++) {
        image[3 * i + c] = planes[from + c * PLANE + i];
      }
    }
  }

  /** The names in the archive, or the numbers when its text file is absent. */
  private static List<String> classNames(Path file, int classes) {
    if (!Files.exists(file)) {
      return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
    }
    try {
      List<String> names =
          Files.readString(file, StandardCharsets.UTF_8)
              .lines()
              .map(String::strip)
              .filter(line -> !line.isEmpty())
              .toList();
      if (names.size() != classes) {
        throw new InvalidDataException(
            "%s: %d class names, expected %d".formatted(file, names.size(), classes));
      }
      return names;
    } catch (IOException e) {
      throw new InvalidDataException(file + ": " + IoErrors.reason(e), e);
    }
  }

  @Override
  public int size() {
    return store.count();
  }

  @Override
  public int channels() {
    return store.channels();
  }

  @Override
  public int imageHeight() {
    return store.height();
  }

  @Override
  public int imageWidth() {
    return store.width();
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public String describe(int index) {
    int f = 0;
    while (index >= firstOfFile[f + 1]) {
      f++;
    }
    return "image " + (index - firstOfFile[f]) + " of " + files.get(f);
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    store.read(index, buffer);
  }

  @Override
  public void close() {
    store.close();
  }
}
