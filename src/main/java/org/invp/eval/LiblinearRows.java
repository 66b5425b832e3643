package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import de.bwaldvogel.liblinear.FeatureNode;
import de.bwaldvogel.liblinear.Linear;
import de.bwaldvogel.liblinear.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.invp.tensor.FloatTensor;

/**
 * Images as liblinear takes them: the features that are not 0, and one more that is always 1, whose
 * weight is the bias.
 */
final class LiblinearRows {
  static {
    Linear.disableDebugOutput();
  }

  private LiblinearRows() {}

  /**
   * All rows of a matrix.
   *
   * @param rows [N, D]
   */
  static Feature[][] of(FloatTensor rows) {
    int dimension = Math.toIntExact(rows.shape(1));
    Feature[][] all = new Feature[Math.toIntExact(rows.shape(0))][];
    for (int row = 0; row < all.length; row++) {
      long start = (long) row * dimension;
      all[row] = row(dimension, column -> rows.get(start + column));
    }
    return all;
  }

  /**
   * One row.
   *
   * @param value of a column, in [0, dimension)
   */
  static Feature[] row(int dimension, IntToDoubleFunction value) {
    List<Feature> features = new ArrayList<>(dimension + 1);
    for (int column = 0; column < dimension; column++) {
      double own = value.applyAsDouble(column);
      if (own != 0) {
        features.add(new FeatureNode(column + 1, own));
      }
    }
    features.add(new FeatureNode(dimension + 1, 1));
    return features.toArray(Feature[]::new);
  }

  /** Some of the rows, shared. */
  static Feature[][] pick(Feature[][] images, int[] which) {
    return Arrays.stream(which).mapToObj(image -> images[image]).toArray(Feature[][]::new);
  }

  /**
   * What is to be learnt.
   *
   * @param images at least one
   * @param targets one number per image
   */
  static Problem problem(Feature[][] images, double[] targets) {
    Problem problem = new Problem();
    problem.l = images.length;
    problem.x = images;
    problem.n = images[0][images[0].length - 1].getIndex();
    problem.bias = 1;
    problem.y = targets;
    return problem;
  }
}
