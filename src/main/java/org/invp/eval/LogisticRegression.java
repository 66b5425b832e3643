package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.Linear;
import de.bwaldvogel.liblinear.Model;
import de.bwaldvogel.liblinear.Parameter;
import de.bwaldvogel.liblinear.SolverType;
import java.util.Arrays;

/**
 * Logistic regression by liblinear: for each class against all others (with two classes once) the
 * weights w that make 1/2 |w|^2 + C sum log(1 + e^(-y (w x + b))) smallest, solved in the primal to
 * a tolerance of 1e-4; the bias b is not regularised. Immutable; the same input makes the same
 * weights.
 */
final class LogisticRegression {
  private static final double TOLERANCE = 1e-4;

  private final Model model;

  private LogisticRegression(Model model) {
    this.model = model;
  }

  /**
   * Trains.
   *
   * @param images from {@link LiblinearRows}
   * @param labels one per image, of at least two classes
   * @param cost C: the larger, the more an error weighs against short weights
   */
  static LogisticRegression train(Feature[][] images, int[] labels, double cost) {
    Parameter parameter = new Parameter(SolverType.L2R_LR, cost, TOLERANCE);
    parameter.setRegularizeBias(false);
    double[] targets = Arrays.stream(labels).asDoubleStream().toArray();
    return new LogisticRegression(Linear.train(LiblinearRows.problem(images, targets), parameter));
  }

  /** The class whose decision value w x + b is highest. */
  int predict(Feature[] image) {
    return (int) Linear.predict(model, image);
  }
}
