package org.invp.train;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.invp.InvalidDataException;
import org.invp.bank.Shard;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.DatasetIdentity;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.DType;
import org.invp.io.Fingerprint;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * One file with everything a run needs to go on: weights and running statistics under torchvision's
 * names, the optimizer's momentum under {@code optimizer.}, the memory bank, the neighbour graph,
 * and as metadata the settings, the position, the sums of the epoch in progress and the
 * environment. There is no state of a random generator: every random number follows from the seed,
 * the epoch and the image.
 *
 * <p>What several ranks write has no bank and no graph in it, but names the {@link ShardFiles} that
 * hold them.
 *
 * <p>At the end of an epoch nothing in the file depends on time, so that equal runs have equal
 * files.
 */
public final class Checkpoint implements AutoCloseable {
  static final String OPTIMIZER = "optimizer.";
  static final String BANK = "bank.embeddings";
  static final String GRAPH = "graph.neighbours";

  private static final String FORMAT = "invp.format";
  private static final String FORMAT_VALUE = "checkpoint 2";

  /** As version 2, but without a checksum of its header. */
  private static final String FIRST_FORMAT = "checkpoint 1";

  private static final String CONFIG = "invp.config";

  /** A hash per training image, and a digest of all: {@link DatasetIdentity.Copy}. */
  static final String IMAGES = "images";

  static final String IMAGES_DIGEST = "images.digest";

  /** The training images' shorter side, see {@link DatasetIdentity.Copy#side}. */
  static final String IMAGES_SIDE = "images.side";

  private final Path path;
  private final TensorFile file;

  private Checkpoint(Path path, TensorFile file) {
    this.path = path;
    this.file = file;
  }

  /**
   * Writes a checkpoint, whole or not at all.
   *
   * @throws InvalidDataException when a tensor holds NaN or infinity; nothing is written then
   */
  static void write(
      Path path, TrainingConfig config, Map<String, String> metadata, List<NamedTensor> tensors) {
    write(path, config, metadata, tensors, AtomicFile::write);
  }

  /** As above, by another way to the disk. */
  static void write(
      Path path,
      TrainingConfig config,
      Map<String, String> metadata,
      List<NamedTensor> tensors,
      Safetensors.Writer writer) {
    tensors.forEach(Checkpoint::requireFinite);
    Map<String, String> all = new HashMap<>(metadata);
    all.put(FORMAT, FORMAT_VALUE);
    all.put(CONFIG, ConfigFile.write(config));
    Safetensors.write(path, all, tensors, writer);
  }

  /**
   * Reads a checkpoint.
   *
   * @throws InvalidDataException when the file is missing, damaged or not a checkpoint
   */
  public static Checkpoint read(Path path) {
    TensorFile file = Safetensors.read(path);
    try {
      requireFormat(path, file.metadata());
      return new Checkpoint(path, file);
    } catch (InvalidDataException e) {
      file.close();
      throw e;
    }
  }

  private static void requireFormat(Path path, Map<String, String> metadata) {
    String format = metadata.get(FORMAT);
    if (FIRST_FORMAT.equals(format)) {
      return;
    }
    if (!FORMAT_VALUE.equals(format)) {
      throw new InvalidDataException(
          Text.format(
              "%s is not a checkpoint of this version: %s is %s, expected %s",
              path, FORMAT, format, FORMAT_VALUE));
    }
    for (String checksum : List.of(Safetensors.CHECKSUM, Safetensors.HEADER_CHECKSUM)) {
      if (!metadata.containsKey(checksum)) {
        throw new InvalidDataException(Text.format("%s is damaged: it has no %s", path, checksum));
      }
    }
  }

  /**
   * Compares images with those that the bank's and the graph's rows belong to.
   *
   * @param images in the order of the rows
   * @param folders of the data set, which may have moved
   * @return a sentence if the checkpoint does not say of which images it is
   * @throws InvalidDataException naming the first image that is another
   */
  public Optional<String> compareImages(ImageDataset images, List<Path> folders) {
    String where = folders.stream().map(Path::toString).collect(Collectors.joining(", "));
    String digest = file.metadata().get(IMAGES_DIGEST);
    if (digest == null) {
      return Optional.of(
          Text.format(
              "%s is of an earlier version and does not say which images it is of; it is taken for"
                  + " granted that they are those in %s",
              path, where));
    }
    DatasetIdentity.Copy found = DatasetIdentity.copy(images, folders);
    if (!found.digest().equals(digest)) {
      throw new InvalidDataException(
          Text.format(
              "the images in %s are not those of %s: they differ in %s; its memory bank and graph"
                  + " belong to the others",
              where, path, difference(images, found.hashes())));
    }
    return Optional.empty();
  }

  /**
   * The shorter side that all training images have, in pixels; 0 if they differ, or if the
   * checkpoint is of an earlier version and does not say.
   */
  public int imageSide() {
    return file.metadata().containsKey(IMAGES_SIDE)
        ? (int) count(IMAGES_SIDE, Integer.MAX_VALUE)
        : 0;
  }

  private String difference(ImageDataset images, int... hashes) {
    NamedTensor before = file.tensor(IMAGES).orElse(null);
    if (before == null || before.dtype() != DType.I32 || before.size() != hashes.length) {
      return "number";
    }
    for (int image = 0; image < hashes.length; image++) {
      long place = (long) image * Integer.BYTES;
      if (before.data().get(ValueLayout.JAVA_INT_UNALIGNED, place) != hashes[image]) {
        return Text.format("image %d, here %s", image, images.describe(image));
      }
    }
    return "the sizes of files or the names of classes";
  }

  /**
   * The settings that the run was started with.
   *
   * @param overrides texts {@code section.key=value} that replace some
   */
  public TrainingConfig config(List<String> overrides) {
    return ConfigFile.parseRun(path.toString(), metadata(CONFIG), overrides);
  }

  /**
   * The settings of {@link #config}, without reading the tensors.
   *
   * @throws InvalidDataException when the file is missing or not a checkpoint
   */
  public static TrainingConfig settings(Path path, List<String> overrides) {
    Map<String, String> metadata = Safetensors.metadata(path);
    requireFormat(path, metadata);
    return ConfigFile.parseRun(path.toString(), required(path, metadata, CONFIG), overrides);
  }

  /** Which network it holds: the digest of its {@link #weights}, 64 hexadecimal digits. */
  public String networkDigest() {
    return Fingerprint.of(weights());
  }

  /** How many epochs are behind it. */
  public int epochs() {
    return position().epoch() - 1;
  }

  /** Weights and running statistics of the network. */
  public List<NamedTensor> weights() {
    return file.tensors().stream()
        .filter(
            tensor ->
                !tensor.name().startsWith(OPTIMIZER)
                    && !Set.of(BANK, GRAPH, IMAGES).contains(tensor.name()))
        .toList();
  }

  /** The optimizer's momentum, under the parameters' names. */
  List<NamedTensor> optimizer() {
    List<NamedTensor> tensors = new ArrayList<>();
    for (NamedTensor tensor : file.tensors()) {
      if (tensor.name().startsWith(OPTIMIZER)) {
        tensors.add(tensor.renamed(tensor.name().substring(OPTIMIZER.length())));
      }
    }
    return tensors;
  }

  /** How many rows its memory bank and graph have, in all its files. */
  long rows() {
    if (ShardFiles.are(file.metadata())) {
      return ShardFiles.rows(file.metadata());
    }
    return file.tensor(BANK)
        .map(bank -> bank.shape()[0])
        .orElseThrow(() -> new InvalidDataException(Text.format("%s has no %s", path, BANK)));
  }

  /** Copies the memory bank to a tensor, which must have its shape, [rows, dimension]. */
  public void copyBank(FloatTensor target) {
    copyRows(Shard.whole((int) target.shape(0)), target, null);
  }

  /** Copies the neighbour graph to a tensor, which must have its shape, [rows, k]. */
  public void copyGraph(IntTensor target) {
    copyRows(Shard.whole((int) target.shape(0)), null, target);
  }

  /**
   * Copies the rows of a shard, wherever the ranks that wrote them had them.
   *
   * @param bank [local rows, dimension], out; null if not wanted
   * @param graph [local rows, k], out; null if not wanted
   */
  void copyRows(Shard shard, FloatTensor bank, IntTensor graph) {
    try (ShardRows rows = new ShardRows(shard, bank, graph)) {
      if (ShardFiles.are(file.metadata())) {
        new ShardFiles(path.toAbsolutePath().getParent()).read(file.metadata(), rows);
      } else {
        rows.take(path, file, Shard.whole(shard.rows()));
      }
    }
  }

  /**
   * Reads also what several ranks wrote into files of their own.
   *
   * @throws InvalidDataException when one is missing or damaged
   */
  void requireWhole() {
    if (ShardFiles.are(file.metadata())) {
      new ShardFiles(path.toAbsolutePath().getParent()).verify(file.metadata());
    }
  }

  /**
   * Where the run was trained: {@code libtorch} (its version), {@code cpu_capability}, {@code
   * network_library} and {@code threads}, as far as they were noted.
   */
  public Map<String, String> environment() {
    return Environment.facts(file.metadata());
  }

  /** All metadata. */
  Map<String, String> metadata() {
    return file.metadata();
  }

  /** How far the run had come. */
  Position position() {
    return new Position(
        (int) count("epoch", Integer.MAX_VALUE),
        (int) count("batch", Integer.MAX_VALUE),
        count("step", Long.MAX_VALUE));
  }

  static Map<String, String> toMetadata(Position position) {
    return Map.of(
        "epoch", Integer.toString(position.epoch()),
        "batch", Integer.toString(position.batch()),
        "step", Long.toString(position.step()));
  }

  /** What tells it from other checkpoints of its run. */
  String identity() {
    Map<String, String> metadata = file.metadata();
    return Text.format(
        "that of step %s with checksums %s and %s",
        metadata.get("step"),
        metadata.get(Safetensors.CHECKSUM),
        metadata.get(Safetensors.HEADER_CHECKSUM));
  }

  /** Where the checkpoint was read from. */
  Path path() {
    return path;
  }

  /** Releases the memory of all tensors; idempotent. */
  @Override
  public void close() {
    file.close();
  }

  private long count(String key, long limit) {
    String text = metadata(key);
    try {
      long value = Long.parseLong(text);
      if (value >= 0 && value <= limit) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Falls through to the error below.
    }
    throw new InvalidDataException(Text.format("%s: %s is %s, not a count", path, key, text));
  }

  private String metadata(String key) {
    return required(path, file.metadata(), key);
  }

  private static String required(Path path, Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw new InvalidDataException(Text.format("%s has no %s", path, key));
    }
    return value;
  }

  /** x * 0 is NaN exactly where x is not finite, so one sum tells for all. */
  static void requireFinite(NamedTensor tensor) {
    if (tensor.dtype() != DType.F32) {
      return;
    }
    MemorySegment data = tensor.data();
    float sum = 0;
    for (long i = 0; i < tensor.size(); i++) {
      sum += data.getAtIndex(ValueLayout.JAVA_FLOAT, i) * 0;
    }
    if (Float.isNaN(sum)) {
      throw new DivergedException(
          Text.format("%s holds NaN or infinity: training has diverged", tensor.name()), null);
    }
  }
}
