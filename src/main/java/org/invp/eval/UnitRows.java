package org.invp.eval;

import org.invp.tensor.FloatTensor;

/** Scales the rows of a matrix to length 1, so that inner products are cosines. */
public final class UnitRows {
  private UnitRows() {}

  /**
   * Scales every row in place; sums run in double precision, in order. A row of zeros, such as a
   * black image, stays as it is.
   *
   * @param rows [N, D]
   */
  public static void scale(FloatTensor rows) {
    long dimension = rows.shape(1);
    for (long row = 0; row < rows.shape(0); row++) {
      double squares = 0;
      for (long at = row * dimension; at < (row + 1) * dimension; at++) {
        double value = rows.get(at);
        squares += value * value;
      }
      if (squares > 0) {
        double factor = 1 / Math.sqrt(squares);
        for (long at = row * dimension; at < (row + 1) * dimension; at++) {
          rows.set(at, (float) (rows.get(at) * factor));
        }
      }
    }
  }
}
