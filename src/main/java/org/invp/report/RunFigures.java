package org.invp.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.IoErrors;
import org.invp.train.Checkpoint;
import org.invp.train.MetricsFile;
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
 * @param evaluations what {@code invp eval} left in {@code eval/}, by file name
 */
record RunFigures(
    String name,
    Path folder,
    TrainingConfig config,
    List<JsonNode> epochs,
    JsonNode last,
    Map<String, String> environment,
    List<Evaluation> evaluations) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What one protocol found: its settings, and values by "what, metric" in their order. */
  record Evaluation(String protocol, Map<String, String> settings, Map<String, Double> scores) {}

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
        evaluations(folder.resolve("eval")));
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

  private static List<Evaluation> evaluations(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".json"))
          .sorted()
          .map(RunFigures::evaluation)
          .toList();
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", folder, IoErrors.reason(e)), e);
    }
  }

  private static Evaluation evaluation(Path file) {
    JsonNode root;
    try {
      root = JSON.readTree(text(file));
    } catch (JsonProcessingException e) {
      throw new InvalidDataException(Text.format("%s is not JSON", file), e);
    }
    Map<String, Double> scores = new LinkedHashMap<>();
    for (JsonNode score : root.path("scores")) {
      if (score.path("value").isNumber()) {
        String what = score.path("what").asText();
        String metric = score.path("metric").asText();
        scores.put(what + ", " + metric, score.get("value").asDouble());
      }
    }
    if (!root.path("protocol").isTextual() || scores.isEmpty()) {
      throw new InvalidDataException(
          Text.format("%s is not a result of invp eval: it has no protocol or no scores", file));
    }
    Map<String, String> settings = new LinkedHashMap<>();
    root.path("settings")
        .properties()
        .forEach(
            field ->
                settings.put(
                    field.getKey(),
                    field.getValue().isTextual()
                        ? field.getValue().asText()
                        : field.getValue().toString()));
    return new Evaluation(root.get("protocol").asText(), settings, scores);
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", file, IoErrors.reason(e)), e);
    }
  }
}
