package org.invp.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.invp.internal.Text;

/**
 * What decides the last bits of a run besides its settings. Two runs are equal bit for bit only
 * where these are; a checkpoint stores them.
 *
 * @param facts by name, for example {@code threads}
 */
record Environment(Map<String, String> facts) {
  private static final String PREFIX = "environment.";

  Environment {
    facts = Map.copyOf(facts);
  }

  /** The facts as a checkpoint's metadata. */
  Map<String, String> toMetadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    facts.forEach((name, value) -> metadata.put(PREFIX + name, value));
    return metadata;
  }

  /** The facts in a checkpoint's metadata, in the order of their names. */
  static Map<String, String> facts(Map<String, String> metadata) {
    Map<String, String> facts = new TreeMap<>();
    metadata.forEach(
        (key, value) -> {
          if (key.startsWith(PREFIX)) {
            facts.put(key.substring(PREFIX.length()), value);
          }
        });
    return facts;
  }

  /**
   * What differs from the environment that wrote a checkpoint, one line each; facts that were not
   * noted then do not.
   */
  List<String> differences(Map<String, String> metadata) {
    List<String> differences = new ArrayList<>();
    facts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            fact -> {
              String before = metadata.get(PREFIX + fact.getKey());
              if (before != null && !fact.getValue().equals(before)) {
                differences.add(
                    Text.format("%s was %s, is %s", fact.getKey(), before, fact.getValue()));
              }
            });
    return differences;
  }
}
