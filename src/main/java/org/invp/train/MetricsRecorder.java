package org.invp.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;

/**
 * Where a run's figures go: {@code metrics.jsonl} and, if the settings say so, TensorBoard. Of
 * several ranks one writes.
 */
final class MetricsRecorder implements AutoCloseable {
  private final TrainingConfig config;
  private final RunFolder folder;
  private final boolean writes;
  private final MetricsFile file;
  private TensorBoardLog board;

  /**
   * @param writes whether this is the rank that does
   */
  MetricsRecorder(TrainingConfig config, RunFolder folder, boolean writes) {
    this.config = config;
    this.folder = folder;
    this.writes = writes;
    this.file = new MetricsFile(folder.metrics());
  }

  /** Goes on at {@code position}: what the run will write again is removed. */
  void begin(Position position) {
    if (!writes) {
      return;
    }
    List<JsonNode> kept = file.keepUpTo(position);
    if (!config.training().tensorboard()) {
      return;
    }
    long step = position.step();
    board = TensorBoardLog.begin(folder.tensorboard(), step, InstantSource.system());
    board.text(step, "config", markdown(ConfigFile.write(config)));
    // Readers forget the whole step: they cannot tell its own figures from its epoch's.
    kept.stream()
        .filter(line -> isOf(line, position))
        .forEach(line -> board.scalars(step, scalars(line)));
  }

  /** Records a line of metrics. */
  void append(long step, Record metrics) {
    if (!writes) {
      return;
    }
    JsonNode line = file.append(metrics);
    if (board != null) {
      board.scalars(step, scalars(line));
    }
  }

  @Override
  public void close() {
    if (board != null) {
      board.close();
      board = null;
    }
  }

  /** Whether a line is about the last step before {@code position}, or the epoch that it ended. */
  private static boolean isOf(JsonNode line, Position position) {
    return line.has("step")
        ? line.get("step").asLong() == position.step()
        : position.batch() == 0 && line.path("epoch").asInt() == position.epoch() - 1;
  }

  /** The numbers of a line, and of objects in it, named after what they are about. */
  private static Map<String, Double> scalars(JsonNode line) {
    String about = line.has("step") ? "step/" : line.has("epoch") ? "epoch/" : "final/";
    Map<String, Double> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : line.properties()) {
      if (field.getValue().isNumber() && !field.getKey().equals("step")) {
        values.put(about + field.getKey(), field.getValue().asDouble());
      }
      for (Map.Entry<String, JsonNode> inner : field.getValue().properties()) {
        values.put(about + field.getKey() + "/" + inner.getKey(), inner.getValue().asDouble());
      }
    }
    return values;
  }

  /** Indented by four spaces, which Markdown shows as it is. */
  private static String markdown(String yaml) {
    return yaml.indent(4);
  }
}
