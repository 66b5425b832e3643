package org.invp.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * CIFAR-10 or CIFAR-100 in the binary version of its authors' page: records of the label
 * (CIFAR-100: coarse label, fine label) and 32 x 32 pixels, all red, then all green, then all blue.
 * Held in native memory.
 */
public final class CifarDataset extends StoredDataset {
  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;

  /** Which of the data sets, and which of its labels. */
  public enum Variant {
    /** Ten classes. */
    CIFAR10(
        "cifar-10-batches-bin",
        "batches.meta.txt",
        "cifar-10-batches-py",
        "data_batch_1",
        10,
        1,
        0),
    /** CIFAR-100's hundred classes. */
    CIFAR100("cifar-100-binary", "fine_label_names.txt", "cifar-100-python", "train", 100, 2, 1),
    /** CIFAR-100's twenty superclasses. */
    CIFAR100_COARSE(
        "cifar-100-binary", "coarse_label_names.txt", "cifar-100-python", "train", 20, 2, 0);

    private final String folder;
    private final String nameFile;
    private final String pickles;
    private final String pickle;
    private final int classes;
    private final int labelBytes;
    private final int labelAt;

    Variant(
        String folder,
        String nameFile,
        String pickles,
        String pickle,
        int classes,
        int labelBytes,
        int labelAt) {
      this.folder = folder;
      this.nameFile = nameFile;
      this.pickles = pickles;
      this.pickle = pickle;
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

  private final FileParts parts;

  private CifarDataset(FileParts parts, PixelStore store, byte[] labels, List<String> classNames) {
    super(store, labels, classNames);
    this.parts = parts;
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
    List<Path> files = variant.files(split).stream().map(place::resolve).toList();
    refusePickles(folder, files.get(0), variant);
    FileParts parts = new FileParts(files, file -> records(file, variant.recordBytes()));
    List<String> classNames = classNames(place.resolve(variant.nameFile), variant.classes);
    byte[] labels = new byte[parts.count()];
    PixelStore store = PixelStore.allocate(place, parts.count(), SIDE, SIDE, 3);
    try {
      for (int f = 0; f < files.size(); f++) {
        readFile(files.get(f), variant, labels, parts.start(f), parts.start(f + 1), store);
      }
      return new CifarDataset(parts, store, labels, classNames);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** The version for Python consists of pickles, which run code when they are read. */
  private static void refusePickles(Path folder, Path file, Variant variant) {
    boolean pickles =
        Stream.of("", variant.pickles)
            .map(folder::resolve)
            .anyMatch(place -> Files.isRegularFile(place.resolve(variant.pickle)));
    if (pickles && !Files.exists(file)) {
      throw new InvalidDataException(
          Text.format(
              "%s: no such file; the folder holds the version for Python, expected the binary version",
              file));
    }
  }

  private static int records(Path file, int recordBytes) {
    try {
      long bytes = Files.size(file);
      if (bytes == 0 || bytes % recordBytes != 0 || bytes / recordBytes > 1 << 24) {
        throw new InvalidDataException(
            Text.format(
                "%s: %d bytes, expected a whole number of records of %d bytes, 1 to %d of them",
                file, bytes, recordBytes, 1 << 24));
      }
      return (int) (bytes / recordBytes);
    } catch (IOException e) {
      throw new InvalidDataException(file + ": " + IoErrors.reason(e), e);
    }
  }

  private static void readFile(
      Path file, Variant variant, byte[] labels, int from, int to, PixelStore store) {
    byte[] record = new byte[variant.recordBytes()];
    byte[] image = new byte[3 * PLANE];
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      for (int i = from; i < to; i++) {
        if (in.readNBytes(record, 0, record.length) < record.length) {
          throw new InvalidDataException(file + ": the file is cut short");
        }
        int label = record[variant.labelAt] & 255;
        if (label >= variant.classes) {
          throw new InvalidDataException(
              Text.format(
                  "%s: label %d of image %d, expected 0 to %d",
                  file, label, i - from, variant.classes - 1));
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
            Text.format("%s: %d class names, expected %d", file, names.size(), classes));
      }
      return names;
    } catch (IOException e) {
      throw new InvalidDataException(file + ": " + IoErrors.reason(e), e);
    }
  }

  @Override
  public String describe(int index) {
    return parts.describe(index);
  }
}
