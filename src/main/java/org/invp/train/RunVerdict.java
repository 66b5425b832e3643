package org.invp.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;

/** The {@link Verdict} on a run from what its folder holds, of older versions too. */
public final class RunVerdict {
  private RunVerdict() {}

  /**
   * Reads the settings and {@code metrics.jsonl} of a run.
   *
   * @param folder of the run
   * @return empty while the run is not complete
   */
  public static Optional<Verdict> read(Path folder) {
    TrainingConfig config = ConfigFile.readRun(folder.resolve(RunFolder.CONFIG), List.of());
    List<JsonNode> lines = MetricsFile.read(folder.resolve(RunFolder.METRICS));
    List<JsonNode> epochs = lines.stream().filter(MetricsFile::isEpoch).toList();
    return lines.stream()
        .filter(MetricsFile::isLast)
        .reduce((earlier, later) -> later)
        .flatMap(last -> of(config, epochs, last));
  }

  /**
   * Judges a run by its lines of metrics.
   *
   * @param epochs about its epochs, in order
   * @param last the last line
   * @return empty where the last line has no accuracy of the embedding
   */
  public static Optional<Verdict> of(TrainingConfig config, List<JsonNode> epochs, JsonNode last) {
    int k = config.evaluation().k();
    Verdict.Accuracies measured =
        new Verdict.Accuracies(
            byK(last, "embedding_knn", k),
            byK(last, "backbone_knn", k),
            byK(last, "pixel_knn", k),
            byK(last, "untrained_knn", k),
            byK(last, "untrained_backbone_knn", k),
            config.evaluation().baselines(),
            last.has("classes") ? last.get("classes").asInt() : null);
    return measured.embedding().isEmpty()
        ? Optional.empty()
        : Optional.of(Verdict.of(measured, signs(config, epochs)));
  }

  /** Runs of older versions have accuracies at one k, {@code evaluation.k}. */
  private static SortedMap<Integer, Double> byK(JsonNode last, String name, int k) {
    SortedMap<Integer, Double> accuracies = new TreeMap<>();
    for (Map.Entry<String, JsonNode> one : last.path(name + "_by_k").properties()) {
      accuracies.put(Integer.valueOf(one.getKey()), one.getValue().asDouble());
    }
    Double single = number(last, name);
    if (accuracies.isEmpty() && single != null) {
      accuracies.put(k, single);
    }
    return accuracies;
  }

  private static TrainingSigns signs(TrainingConfig config, List<JsonNode> epochs) {
    JsonNode end = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
    Double weight = number(end, "invariance_weight");
    return new TrainingSigns(
        number(end, "embedding_cosine"),
        config.network().headBatchNorm(),
        lossFall(epochs),
        number(end, "staleness"),
        number(end, "positives_right"),
        weight == null ? 0 : weight);
  }

  /** Of the instance loss, since the whole loss jumps when the invariance loss starts. */
  private static Double lossFall(List<JsonNode> epochs) {
    int quarter = Math.max(1, epochs.size() / 4);
    if (epochs.size() <= quarter) {
      return null;
    }
    Double end = number(epochs.get(epochs.size() - 1), "loss_ins");
    Double before = number(epochs.get(epochs.size() - 1 - quarter), "loss_ins");
    return end == null || before == null || !(before > 0) ? null : 1 - end / before;
  }

  private static Double number(JsonNode line, String key) {
    return line != null && line.path(key).isNumber() ? line.get(key).asDouble() : null;
  }
}
