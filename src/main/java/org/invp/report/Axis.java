package org.invp.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A linear axis with round ticks.
 *
 * @param low the first tick, at or below every value
 * @param high the last tick, at or above every value
 * @param step between ticks
 */
record Axis(double low, double high, double step) {
  /** An axis over a range of values with about so many ticks; a range of width 0 is widened. */
  static Axis over(double least, double most, int ticks) {
    double low = least;
    double high = most;
    if (!(high > low)) {
      double around = low == 0 ? 1 : Math.abs(low) * 0.1;
      low -= around;
      high += around;
    }
    double rough = (high - low) / ticks;
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double digit = rough / power;
    double step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    return new Axis(
        Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, step);
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    long count = Math.round((high - low) / step);
    for (long i = 0; i <= count; i++) {
      ticks.add(low + i * step);
    }
    return ticks;
  }

  /** Where a value lies: 0 at the low end, 1 at the high one. */
  double place(double value) {
    return (value - low) / (high - low);
  }
}
