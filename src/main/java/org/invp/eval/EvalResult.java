package org.invp.eval;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an evaluation found, and the settings under which it did.
 *
 * @param protocol the evaluation's name, for example {@code knn}; also a file name
 * @param settings everything that decides the scores, in the order to show it: numbers, texts,
 *     truth values, or lists of these
 * @param scores the results, in the order to show them
 * @param extra larger things for programs, such as a confusion matrix: numbers, texts, arrays,
 *     lists and maps; often empty
 */
public record EvalResult(
    String protocol, Map<String, Object> settings, List<Score> scores, Map<String, Object> extra) {
  /** Copies settings and scores, keeping their order. */
  public EvalResult {
    if (!protocol.matches("[a-z0-9][a-z0-9._-]*")) {
      throw new IllegalArgumentException("'" + protocol + "' is no name for a protocol");
    }
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    scores = List.copyOf(scores);
    extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
  }

  /** The same with further settings, after its own. */
  public EvalResult withSettings(Map<String, ?> further) {
    Map<String, Object> all = new LinkedHashMap<>(settings);
    all.putAll(further);
    return new EvalResult(protocol, all, scores, extra);
  }

  /** A result without anything extra. */
  public EvalResult(String protocol, Map<String, Object> settings, List<Score> scores) {
    this(protocol, settings, scores, Map.of());
  }
}
