package org.invp.config;

/**
 * What a number may be.
 *
 * @param low the smallest value
 * @param open whether {@code low} itself is excluded
 * @param high the largest value
 * @param text the same in words, for messages
 */
record Range(double low, boolean open, double high, String text) {
  static final Range POSITIVE = new Range(0, true, Double.MAX_VALUE, "greater than 0");
  static final Range NOT_NEGATIVE = new Range(0, false, Double.MAX_VALUE, "at least 0");
  static final Range SHARE = new Range(0, false, 1, "between 0 and 1");
  static final Range SHARE_NOT_ZERO = new Range(0, true, 1, "greater than 0 and at most 1");
  static final Range STRENGTH = new Range(0, false, 100, "between 0 and 100");
  static final Range DEVIATION = new Range(0, true, 100, "greater than 0 and at most 100");
  static final Range RATIO = new Range(0, true, 1000, "greater than 0 and at most 1000");
  static final Range MEAN = new Range(-1e6, false, 1e6, "between -1000000 and 1000000");
  static final Range STD = new Range(1e-6, false, 1e6, "between 0.000001 and 1000000");
  static final Range HUE = new Range(0, false, 0.5, "between 0 and 0.5");
  static final Range BELOW_ONE =
      new Range(0, false, Math.nextDown(1.0), "at least 0 and less than 1");

  static Range atLeast(long low) {
    return between(low, Integer.MAX_VALUE);
  }

  static Range between(long low, long high) {
    return new Range(
        low,
        false,
        high,
        high == Integer.MAX_VALUE
            ? "a whole number of at least " + low
            : "a whole number from " + low + " to " + high);
  }

  boolean contains(double value) {
    return (open ? value > low : value >= low) && value <= high;
  }
}
