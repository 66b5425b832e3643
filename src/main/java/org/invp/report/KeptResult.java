package org.invp.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What an evaluation left in {@code eval/}.
 *
 * @param protocol what was evaluated
 * @param network the digest of the network that was; null where an earlier version wrote it
 * @param epochs how many it was trained; null where that is not known
 * @param settings under which
 * @param scores by "what, metric", in their order
 */
public record KeptResult(
    String protocol,
    String network,
    Integer epochs,
    Map<String, String> settings,
    Map<String, Double> scores) {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int SHOWN_DIGITS = 8;

  /** Reads a file; nothing if there is none, or no evaluation wrote it. */
  public static Optional<KeptResult> read(Path file) {
    try {
      return Files.isRegularFile(file)
          ? of(JSON.readTree(Files.readString(file)))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<KeptResult> of(JsonNode root) {
    Map<String, Double> scores = new LinkedHashMap<>();
    for (JsonNode score : root.path("scores")) {
      if (score.path("value").isNumber()) {
        String what = score.path("what").asText();
        scores.put(what + ", " + score.path("metric").asText(), score.get("value").asDouble());
      }
    }
    if (!root.path("protocol").isTextual() || scores.isEmpty()) {
      return Optional.empty();
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
    JsonNode network = root.path("network");
    return Optional.of(
        new KeptResult(
            root.get("protocol").asText(),
            network.path("digest").asText(null),
            network.path("epochs").isInt() ? network.get("epochs").asInt() : null,
            settings,
            scores));
  }

  /** Where it is kept once another network's takes its name: a name of its network's own. */
  public Path setAsideName(Path file) {
    String which =
        network == null ? "earlier-version" : "network-" + network.substring(0, SHOWN_DIGITS);
    return file.resolveSibling(protocol + "-" + which + ".json");
  }

  /**
   * What a table calls its rows.
   *
   * @param present what is added for a network that the run holds now, by its digest
   */
  String heading(Map<String, String> present) {
    if (network != null && present.containsKey(network)) {
      return protocol + present.get(network);
    }
    return network == null
        ? protocol + ", of which checkpoint is not known"
        : protocol + ", of an earlier checkpoint" + (epochs == null ? "" : ", epoch " + epochs);
  }
}
