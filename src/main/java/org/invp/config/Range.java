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
  static final Range HUE = new Range(0, false, 0.5, "between 0 and 0.5");
  static final Range BELOW_ONE =
      new Range(0, false, Math.nextDown(1.0), "at least 0 and less than 1");
  static final Range FINITE =
      new Range(-Double.MAX_VALUE, false, Double.MAX_VALUE, "a finite number");

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
