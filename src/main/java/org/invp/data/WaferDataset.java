package org.invp.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;

/**
 * WM-811K, maps of silicon wafers (Wu, Jang, Chen, Wafer Map Failure Pattern Recognition and
 * Similarity Ranking for Large-Scale Data Sets, 2015). It is published as a Python pickle, which
 * runs code when it is read; {@code scripts/convert-wm811k.py} turns it into the {@code
 * wm811k.safetensors} that is read here:
 *
 * <ul>
 *   <li>{@code sizes}, I32 [N, 2]: height and width of each map;
 *   <li>{@code labels}, I32 [N]: the class, or -1;
 *   <li>{@code parts}, U8 [N]: 0 training, 1 test, 2 neither, as the authors labelled them;
 *   <li>{@code maps}, U8: the maps one after another: 0 no die, 1 a good die, 2 a failed one.
 * </ul>
 *
 * <p>A map becomes a gray image, of a size of its own: 0, 128 and 255. Held in native memory.
 */
public final class WaferDataset implements ImageDataset {
  /** The classes, by label. */
  public static final List<String> CLASSES =
      List.of(
          "Center",
          "Donut",
          "Edge-Loc",
          "Edge-Ring",
          "Loc",
          "Near-full",
          "Random",
          "Scratch",
          "none");

  private static final String FILE = "wm811k.safetensors";
  private static final byte[] GRAY = {0, (byte) 128, (byte) 255};
  private static final int NO_PART = 2;

  private final Path path;
  private final TensorFile file;
  private final MemorySegment maps;
  private final int[] sizes;
  private final int[] labels;
  private final long[] starts;
  private final int[] wafers;
  private final UnreadableImages unreadable = new UnreadableImages();

  private WaferDataset(Path path, TensorFile file, Split split, boolean unlabelled) {
    this.path = path;
    this.file = file;
    this.sizes = integers("sizes");
    this.labels = integers("labels");
    this.maps = tensor("maps", DType.U8).data();
    byte[] parts = tensor("parts", DType.U8).data().toArray(ValueLayout.JAVA_BYTE);
    this.starts = starts(parts.length);
    this.wafers = wafers(parts, split, unlabelled);
  }

  /**
   * Opens a split: the labelled wafers that the authors marked as training or as test; training
   * wafers without a label come after those with one.
   *
   * @throws InvalidDataException if the file is missing or wrong, naming it
   */
  public static WaferDataset open(Path folder, Split split, FormatOptions.Wafers options) {
    Path path = folder.resolve(FILE);
    if (!Files.exists(path)) {
      throw new InvalidDataException(
          path + ": no such file; scripts/convert-wm811k.py makes it from LSWMD.pkl");
    }
    TensorFile file = Safetensors.read(path);
    try {
      return new WaferDataset(path, file, split, options.unlabelled());
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private NamedTensor tensor(String name, DType type) {
    NamedTensor tensor =
        file.tensor(name)
            .orElseThrow(() -> new InvalidDataException(path + ": no tensor " + name + " in it"));
    if (tensor.dtype() != type) {
      throw new InvalidDataException(Text.format("%s: %s, expected %s", path, tensor, type));
    }
    return tensor;
  }

  private int[] integers(String name) {
    return tensor(name, DType.I32).data().toArray(ValueLayout.JAVA_INT_UNALIGNED);
  }

  /** Where each map begins, and checks of all numbers. */
  private long[] starts(int count) {
    if (labels.length != count || sizes.length != 2L * count) {
      throw new InvalidDataException(
          Text.format(
              "%s: %d labels and %d sizes of %d wafers",
              path, labels.length, sizes.length / 2, count));
    }
    long[] places = new long[count + 1];
    for (int i = 0; i < count; i++) {
      int height = sizes[2 * i];
      int width = sizes[2 * i + 1];
      if (height < 1 || width < 1 || (long) height * width > ImageBuffer.MAX_PIXELS) {
        throw new InvalidDataException(
            Text.format("%s: wafer %d is %d x %d", path, i, width, height));
      }
      if (labels[i] < UNLABELLED || labels[i] >= CLASSES.size()) {
        throw new InvalidDataException(
            Text.format(
                "%s: label %d of wafer %d, expected -1 to %d",
                path, labels[i], i, CLASSES.size() - 1));
      }
      places[i + 1] = places[i] + (long) height * width;
    }
    if (places[count] != maps.byteSize()) {
      throw new InvalidDataException(
          Text.format(
              "%s: %d bytes of maps, but the sizes add up to %d",
              path, maps.byteSize(), places[count]));
    }
    return places;
  }

  private int[] wafers(byte[] parts, Split split, boolean unlabelled) {
    int part = split == Split.TRAIN ? 0 : 1;
    IntStream labelled =
        IntStream.range(0, parts.length).filter(i -> labels[i] >= 0 && parts[i] == part);
    IntStream others =
        IntStream.range(0, parts.length)
            .filter(i -> split == Split.TRAIN && unlabelled && labels[i] < 0);
    int[] chosen = IntStream.concat(labelled, others).toArray();
    for (int i = 0; i < parts.length; i++) {
      if (parts[i] < 0 || parts[i] > NO_PART) {
        throw new InvalidDataException(
            Text.format("%s: part %d of wafer %d, expected 0 to 2", path, parts[i], i));
      }
    }
    if (chosen.length == 0) {
      throw new InvalidDataException(path + ": no wafer of this split in it");
    }
    return chosen;
  }

  @Override
  public int size() {
    return wafers.length;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public int imageHeight() {
    return 0;
  }

  @Override
  public int imageWidth() {
    return 0;
  }

  @Override
  public List<String> classNames() {
    return CLASSES;
  }

  /** The class, or {@link #UNLABELLED}. */
  @Override
  public int label(int index) {
    return labels[wafers[index]];
  }

  @Override
  public String describe(int index) {
    return "wafer " + wafers[index] + " of " + path;
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    int wafer = wafers[Objects.checkIndex(index, wafers.length)];
    byte[] map =
        maps.asSlice(starts[wafer], starts[wafer + 1] - starts[wafer])
            .toArray(ValueLayout.JAVA_BYTE);
    for (int i = 0; i < map.length; i++) {
      if (map[i] < 0 || map[i] >= GRAY.length) {
        throw new InvalidDataException(
            Text.format(
                "%s: a die of value %d, expected 0, 1 or 2", describe(index), map[i] & 255));
      }
      map[i] = GRAY[map[i]];
    }
    buffer.setPixels(map, sizes[2 * wafer], sizes[2 * wafer + 1], 1);
  }

  @Override
  public void noteUnreadable(int index, String reason) {
    unreadable.add(index, reason);
  }

  @Override
  public boolean isUnreadable(int index) {
    return unreadable.contains(index);
  }

  @Override
  public void close() {
    file.close();
  }
}
