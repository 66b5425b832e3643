package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import org.invp.tensor.FloatTensor;

/**
 * Moves and scales every feature to mean 0 and standard deviation 1 over some images, those whose
 * labels may be used; all others are moved and scaled alike. A feature that is the same in all of
 * these images tells nothing of them and becomes 0 everywhere.
 */
final class Standardisation {
  private final double[] mean;
  private final double[] factor;

  private Standardisation(double[] mean, double[] factor) {
    this.mean = mean;
    this.factor = factor;
  }

  /**
   * Measures features; sums run in double precision, in order, and the squares' is divided by the
   * number of images.
   *
   * @param rows [N, D], finite
   * @param images which rows, at least one
   */
  static Standardisation over(FloatTensor rows, int[] images) {
    int dimension = Math.toIntExact(rows.shape(1));
    double[] mean = new double[dimension];
    double[] factor = new double[dimension];
    for (int column = 0; column < dimension; column++) {
      for (int image : images) {
        mean[column] += value(rows, image, column) / images.length;
      }
      double variance = 0;
      boolean differ = false;
      for (int image : images) {
        double apart = value(rows, image, column) - mean[column];
        variance += apart * apart / images.length;
        differ |= value(rows, image, column) != value(rows, images[0], column);
      }
      factor[column] = differ ? 1 / Math.sqrt(variance) : 0;
    }
    return new Standardisation(mean, factor);
  }

  /**
   * An image for liblinear.
   *
   * @param rows [M, D], not necessarily those that were measured
   */
  Feature[] apply(FloatTensor rows, int image) {
    return LiblinearRows.row(
        mean.length, column -> (value(rows, image, column) - mean[column]) * factor[column]);
  }

  private static double value(FloatTensor rows, int image, int column) {
    return rows.get(image * rows.shape(1) + column);
  }
}
