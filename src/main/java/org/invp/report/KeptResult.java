package org.invp.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

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
  private static final String ENDING = ".json";
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int SHOWN_DIGITS = 8;
  private static final Pattern PROTOCOL = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

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
    String protocol = root.path("protocol").asText("");
    if (!PROTOCOL.matcher(protocol).matches() || scores.isEmpty()) {
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
    String digest = network.path("digest").asText("");
    return Optional.of(
        new KeptResult(
            protocol,
            DIGEST.matcher(digest).matches() ? digest : null,
            network.path("epochs").isInt() ? network.get("epochs").asInt() : null,
            settings,
            scores));
  }

  /**
   * Where a result is written: under the name, or with a number behind it where something else than
   * a result of the same protocol has that name. What is there is another network's then, or an
   * earlier one of the same.
   *
   * @param name without the ending, which begins with the protocol
   */
  public static Path place(Path folder, String name, String protocol) {
    Path file = folder.resolve(name + ENDING);
    for (int number = 2; !isFree(file, protocol); number++) {
      file = folder.resolve(name + "-" + number + ENDING);
    }
    return file;
  }

  private static boolean isFree(Path file, String protocol) {
    return !Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        || read(file).filter(result -> result.protocol.equals(protocol)).isPresent();
  }

  /** Where it is kept once another network's takes its name: a name of its network's own. */
  public Path setAsidePlace(Path folder) {
    String which =
        network == null ? "earlier-version" : "network-" + network.substring(0, SHOWN_DIGITS);
    return place(folder, protocol + "-" + which, protocol);
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
