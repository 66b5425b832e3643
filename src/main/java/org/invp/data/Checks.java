package org.invp.data;

import org.invp.internal.Text;

/** Range checks of the transforms' settings, each with one message. */
final class Checks {
  private Checks() {}

  /** Throws {@link IllegalArgumentException} unless {@code low <= value <= high}. */
  static void within(String name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw new IllegalArgumentException(
          Text.format(
              "%s is %s, allowed: %s to %s", name, number(value), number(low), number(high)));
    }
  }

  /** Throws {@link IllegalArgumentException} unless {@code 0 < low <= high <= limit}. */
  static void interval(String name, double low, double high, double limit) {
    if (!(low > 0 && low <= high && high <= limit)) {
      throw new IllegalArgumentException(
          Text.format(
              "%s is %s to %s, allowed: above 0, up to %s, the lower end first",
              name, number(low), number(high), number(limit)));
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
