package org.invp.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.Fingerprint;
import org.invp.io.IoErrors;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.train.Checkpoint;
import org.invp.train.CheckpointFiles;
import org.invp.train.MetricsFile;
import org.invp.train.Origin;
import org.invp.train.RunFolder;
import org.invp.train.RunVerdict;
import org.invp.train.Verdict;

/**
 * The figures that a run folder holds.
 *
 * @param name the folder's name
 * @param folder where it is, as the user wrote it
 * @param config the settings
 * @param epochs the lines of {@code metrics.jsonl} about epochs, in order
 * @param last its last line, or null while the run is not complete
 * @param environment where it was trained, by {@link Checkpoint#environment}; empty if there is no
 *     checkpoint that can be read
 * @param origin what it began from; null for a fresh network
 * @param evaluations what {@code invp eval} left in {@code eval/}, by file name
 * @param networks by the digests of the networks that it holds, what their scores are called
 */
record RunFigures(
    String name,
    Path folder,
    TrainingConfig config,
    List<JsonNode> epochs,
    JsonNode last,
    Map<String, String> environment,
    Origin origin,
    List<KeptResult> evaluations,
    Map<String, String> networks) {
  /**
   * Reads a folder; the run may be training meanwhile.
   *
   * @throws InvalidDataException when there is no run
   */
  static RunFigures read(Path folder) {
    Path settings = folder.resolve(RunFolder.CONFIG);
    if (!Files.isRegularFile(settings)) {
      throw new InvalidDataException(
          Text.format("%s holds no run: there is no %s", folder, RunFolder.CONFIG));
    }
    TrainingConfig config = ConfigFile.readRun(settings, List.of());
    List<JsonNode> lines = MetricsFile.read(folder.resolve(RunFolder.METRICS));
    List<JsonNode> epochs = lines.stream().filter(MetricsFile::isEpoch).toList();
    JsonNode last =
        lines.stream().filter(MetricsFile::isLast).reduce((earlier, later) -> later).orElse(null);
    Path absolute = folder.toAbsolutePath().normalize();
    String name = absolute.getFileName() == null ? "run" : absolute.getFileName().toString();
    return new RunFigures(
        name,
        folder,
        config,
        epochs,
        last,
        environment(folder.resolve("checkpoint.safetensors")),
        Origin.read(folder.resolve("checkpoint.safetensors")).orElse(null),
        evaluations(folder.resolve("eval")),
        networks(folder));
  }

  /** The same with the path as the user wrote it for a name. */
  RunFigures namedByPath() {
    return new RunFigures(
        folder.toString(),
        folder,
        config,
        epochs,
        last,
        environment,
        origin,
        evaluations,
        networks);
  }

  private static Map<String, String> environment(Path checkpoint) {
    if (!Files.isRegularFile(checkpoint)) {
      return Map.of();
    }
    try (Checkpoint read = Checkpoint.read(checkpoint)) {
      return read.environment();
    } catch (InvalidDataException e) {
      return Map.of(); // Who reads it for the pictures says what is wrong with it.
    }
  }

  /** What scores of a network are called that the run holds now; of its last one nothing more. */
  private static Map<String, String> networks(Path folder) {
    Map<String, String> names = new HashMap<>();
    CheckpointFiles checkpoints = RunFolder.ofRankZero(folder).checkpoints();
    digest(checkpoints.path(CheckpointFiles.Which.BEST))
        .ifPresent(digest -> names.put(digest, ", of the best checkpoint"));
    digest(checkpoints.latest()).ifPresent(digest -> names.put(digest, ""));
    if (!Files.exists(checkpoints.latest())) {
      weights(folder.resolve(RunFolder.WEIGHTS)).ifPresent(digest -> names.put(digest, ""));
    }
    return names;
  }

  private static Optional<String> digest(Path checkpoint) {
    try (Checkpoint read = Checkpoint.read(checkpoint)) {
      return Optional.of(read.networkDigest());
    } catch (InvalidDataException e) {
      return Optional.empty(); // Who reads it for the pictures says what is wrong with it.
    }
  }

  private static Optional<String> weights(Path file) {
    try (TensorFile read = Safetensors.map(file)) {
      return Optional.of(Fingerprint.of(read.tensors()));
    } catch (InvalidDataException e) {
      return Optional.empty();
    }
  }

  /** A figure of the last line; null where it was not measured. */
  Double last(String key) {
    return last == null ? null : number(last, key);
  }

  /** A figure of a line; null where it was not measured. */
  static Double number(JsonNode line, String key) {
    JsonNode value = line.path(key);
    return value.isNumber() ? value.asDouble() : null;
  }

  /** How its representation compares; null while the run is not complete. */
  Verdict verdict() {
    return last == null ? null : RunVerdict.of(config, epochs, last).orElse(null);
  }

  /** The sum of a figure over the epochs. */
  double sum(String key) {
    return epochs.stream().mapToDouble(line -> line.path(key).asDouble()).sum();
  }

  private static List<KeptResult> evaluations(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".json"))
          .sorted()
          .flatMap(file -> KeptResult.read(file).stream())
          .toList();
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", folder, IoErrors.reason(e)), e);
    }
  }
}
