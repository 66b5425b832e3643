package org.invp.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;

/**
 * A closed range that values are drawn from, written {@code [low, high]}.
 *
 * @param low the smallest value
 * @param high the largest value, at least {@code low}
 */
public record Interval(double low, double high) {
  /** Checks the order. */
  public Interval {
    if (!(low <= high)) {
      throw new IllegalArgumentException("[" + low + ", " + high + "] is not ascending");
    }
  }

  /** The two ends, as the file shows them. */
  @JsonValue
  public List<Double> ends() {
    return List.of(low, high);
  }
}
