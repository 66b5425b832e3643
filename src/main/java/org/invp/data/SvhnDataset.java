package org.invp.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.MatFile;

/**
 * Street View House Numbers, format 2 (Netzer et al., Reading Digits in Natural Images with
 * Unsupervised Feature Learning, 2011): {@code train_32x32.mat}, {@code test_32x32.mat} and, if
 * wanted, {@code extra_32x32.mat}, MATLAB files with X, uint8 [32, 32, 3, N], and y, [N, 1]. There
 * digit 0 has label 10; here it has label 0. Held in native memory; while it is read, a file's
 * pixels are held twice (extra: 2 x 1.6 GB).
 */
public final class SvhnDataset extends StoredDataset {
  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int DIGITS = 10;

  private final FileParts parts;

  private SvhnDataset(FileParts parts, PixelStore store, byte[] labels) {
    super(store, labels, IntStream.range(0, DIGITS).mapToObj(Integer::toString).toList());
    this.parts = parts;
  }

  /**
   * Opens a split.
   *
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static SvhnDataset open(Path folder, Split split, FormatOptions.Svhn options) {
    List<Path> files = new ArrayList<>();
    files.add(folder.resolve(split == Split.TRAIN ? "train_32x32.mat" : "test_32x32.mat"));
    if (split == Split.TRAIN && options.extra()) {
      files.add(folder.resolve("extra_32x32.mat"));
    }
    Map<Path, MatFile> contents = new LinkedHashMap<>();
    try {
      files.forEach(file -> contents.put(file, MatFile.read(file, "X", "y")));
      return read(contents);
    } finally {
      contents.values().forEach(MatFile::close);
    }
  }

  private static SvhnDataset read(Map<Path, MatFile> contents) {
    List<Path> files = List.copyOf(contents.keySet());
    FileParts parts = new FileParts(files, file -> images(contents.get(file)));
    byte[] labels = new byte[parts.count()];
    PixelStore store = PixelStore.allocate(files.get(0), labels.length, SIDE, SIDE, CHANNELS);
    try {
      for (int f = 0; f < files.size(); f++) {
        MatFile content = contents.get(files.get(f));
        readLabels(content, parts.start(f), parts.start(f + 1), labels);
        readPixels(content, parts.start(f), parts.start(f + 1), store);
      }
      return new SvhnDataset(parts, store, labels);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** MATLAB leaves out last dimensions of extent 1. */
  private static int images(MatFile file) {
    int[] shape = file.dimensions("X");
    boolean fits =
        (shape.length == 3 || shape.length == 4)
            && shape[0] == SIDE
            && shape[1] == SIDE
            && shape[2] == CHANNELS
            && (shape.length == 3 || shape[3] > 0);
    if (!fits) {
      throw new InvalidDataException(
          Text.format("%s: X is %s, expected [32, 32, 3, images]", file, Arrays.toString(shape)));
    }
    return shape.length == 3 ? 1 : shape[3];
  }

  private static void readLabels(MatFile file, int from, int to, byte[] labels) {
    int[] digits = file.integers("y");
    if (digits.length != to - from) {
      throw new InvalidDataException(
          Text.format("%s: %d images, but %d labels", file, to - from, digits.length));
    }
    for (int i = 0; i < digits.length; i++) {
      if (digits[i] < 1 || digits[i] > DIGITS) {
        throw new InvalidDataException(
            Text.format("%s: label %d of image %d, expected 1 to 10", file, digits[i], i));
      }
      labels[from + i] = (byte) (digits[i] % DIGITS);
    }
  }

  /** From the order [channel][column][row] of a MATLAB array to [row][column][channel]. */
  private static void readPixels(MatFile file, int from, int to, PixelStore store) {
    byte[] columns = new byte[SIDE * SIDE * CHANNELS];
    byte[] image = new byte[columns.length];
    for (int i = from; i < to; i++) {
      file.bytes("X", (long) (i - from) * columns.length, columns);
      int at = 0;
      for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
          for (int c = 0; c < CHANNELS; c++) {
            image[at++] = columns[(c * SIDE + x) * SIDE + y];
          }
        }
      }
      store.set(i, image);
    }
  }

  @Override
  public String describe(int index) {
    return parts.describe(index);
  }
}
