package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.Linear;
import de.bwaldvogel.liblinear.Model;
import de.bwaldvogel.liblinear.Parameter;
import de.bwaldvogel.liblinear.SolverType;
import java.util.Random;

/**
 * A linear support vector machine that tells one class from all others: L2 regularisation, squared
 * hinge, an error on a positive image weighing twice that on a negative one, solved in the dual by
 * liblinear to a tolerance of 1e-4. These are the settings of Goyal et al., Scaling and
 * Benchmarking Self-Supervised Visual Representation Learning (ICCV 2019), who train scikit-learn's
 * LinearSVC, which is liblinear too. Where the dual solver does not converge in time, liblinear
 * goes on in the primal.
 *
 * <p>The bias is the weight of a feature that is always 1, and regularised as the others.
 * Immutable.
 */
final class LinearSvm {
  private static final double TOLERANCE = 1e-4;
  private static final double[] WEIGHTS = {2, 1};
  private static final int[] LABELS = {1, -1};

  private final Model model;
  private final double sign;

  private LinearSvm(Model model) {
    this.model = model;
    this.sign = model.getLabels()[0] == LABELS[0] ? 1 : -1;
  }

  /**
   * Trains; the same input makes the same machine.
   *
   * @param images from {@link LiblinearRows}
   * @param positive which show the class; some do, some do not
   * @param cost C: the larger, the more an error weighs against short weights
   */
  static LinearSvm train(Feature[][] images, boolean[] positive, double cost) {
    double[] targets = new double[images.length];
    for (int image = 0; image < images.length; image++) {
      targets[image] = positive[image] ? LABELS[0] : LABELS[1];
    }
    Parameter parameter = new Parameter(SolverType.L2R_L2LOSS_SVC_DUAL, cost, TOLERANCE);
    parameter.setWeights(WEIGHTS, LABELS);
    parameter.setRandom(new Random(0));
    return new LinearSvm(Linear.train(LiblinearRows.problem(images, targets), parameter));
  }

  /** Decision values, one per image: the higher, the surer that it shows the class. */
  double[] scores(Feature[][] images) {
    double[] scores = new double[images.length];
    double[] value = new double[1];
    for (int image = 0; image < images.length; image++) {
      Linear.predictValues(model, images[image], value);
      scores[image] = sign * value[0];
    }
    return scores;
  }
}
