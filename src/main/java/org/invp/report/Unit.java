package org.invp.report;

/** What a chart's values are, which decides how they are written. */
enum Unit {
  NUMBER {
    @Override
    String value(double value) {
      return Numbers.plain(value);
    }

    @Override
    String tick(double value) {
      return Numbers.plain(value);
    }
  },

  /** A share of 1, written as a percentage. */
  SHARE {
    @Override
    String value(double value) {
      return Numbers.percent(value);
    }

    @Override
    String tick(double value) {
      return Numbers.plain(100 * value) + " %";
    }
  };

  /** A measured value, in full. */
  abstract String value(double value);

  /** A label of the axis, as short as it may be. */
  abstract String tick(double value);
}
