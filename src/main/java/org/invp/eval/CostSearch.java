package org.invp.eval;

import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Chooses the cost C of a linear classifier; the smaller, the stronger its regularisation. */
final class CostSearch {
  private CostSearch() {}

  /**
   * The cost of the highest merit, the smallest of equal ones.
   *
   * @param costs ascending, at least one
   * @param merit what cross-validation makes of a cost; a number
   */
  static double best(List<Double> costs, DoubleUnaryOperator merit) {
    double best = Double.NaN;
    double highest = Double.NEGATIVE_INFINITY;
    for (double cost : costs) {
      double own = merit.applyAsDouble(cost);
      if (own > highest) {
        highest = own;
        best = cost;
      }
    }
    return best;
  }
}
