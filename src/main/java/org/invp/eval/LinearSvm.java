package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.FeatureNode;
import de.bwaldvogel.liblinear.Linear;
import de.bwaldvogel.liblinear.Model;
import de.bwaldvogel.liblinear.Parameter;
import de.bwaldvogel.liblinear.Problem;
import de.bwaldvogel.liblinear.SolverType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.invp.tensor.FloatTensor;

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

  static {
    Linear.disableDebugOutput();
  }

  private final Model model;
  private final double sign;

  private LinearSvm(Model model) {
    this.model = model;
    this.sign = model.getLabels()[0] == LABELS[0] ? 1 : -1;
  }

  /**
   * Rows as liblinear takes them: the values that are not 0, and a 1 at the end.
   *
   * @param rows [N, D]
   */
  static Feature[][] features(FloatTensor rows) {
    int dimension = Math.toIntExact(rows.shape(1));
    Feature[][] all = new Feature[Math.toIntExact(rows.shape(0))][];
    for (int row = 0; row < all.length; row++) {
      List<Feature> features = new ArrayList<>();
      for (int column = 0; column < dimension; column++) {
        float value = rows.get((long) row * dimension + column);
        if (value != 0) {
          features.add(new FeatureNode(column + 1, value));
        }
      }
      features.add(new FeatureNode(dimension + 1, 1));
      all[row] = features.toArray(Feature[]::new);
    }
    return all;
  }

  /**
   * Trains; the same input makes the same machine.
   *
   * @param images from {@link #features}
   * @param positive which show the class; some do, some do not
   * @param cost C: the larger, the more an error weighs against short weights
   */
  static LinearSvm train(Feature[][] images, boolean[] positive, double cost) {
    Problem problem = new Problem();
    problem.l = images.length;
    problem.x = images;
    problem.n = images[0][images[0].length - 1].getIndex();
    problem.bias = 1;
    problem.y = new double[images.length];
    for (int image = 0; image < images.length; image++) {
      problem.y[image] = positive[image] ? LABELS[0] : LABELS[1];
    }
    Parameter parameter = new Parameter(SolverType.L2R_L2LOSS_SVC_DUAL, cost, TOLERANCE);
    parameter.setWeights(WEIGHTS, LABELS);
    parameter.setRandom(new Random(0));
    return new LinearSvm(Linear.train(problem, parameter));
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
