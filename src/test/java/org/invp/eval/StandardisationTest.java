package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import de.bwaldvogel.liblinear.Feature;
import java.util.Random;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class StandardisationTest {
  private static final int DIMENSION = 3;

  @Test
  void givesTheMeasuredImagesMeanZeroAndDeviationOneAndOthersTheSameMap() {
    Random random = new Random(3);
    float[] values = new float[8 * DIMENSION];
    for (int i = 0; i < values.length; i++) {
      values[i] = i % DIMENSION == 2 ? 0.1f : (float) (5 + 3 * random.nextGaussian());
    }
    values[7 * DIMENSION + 2] = 4; // differs only where it is not measured
    int[] measured = {0, 2, 3, 5};
    try (FloatTensor rows = FloatTensor.of(values, 8, DIMENSION)) {
      Standardisation standardisation = Standardisation.over(rows, measured);
      for (int column = 0; column < DIMENSION; column++) {
        double sum = 0;
        double squares = 0;
        for (int image : measured) {
          double value = dense(standardisation.apply(rows, image))[column];
          sum += value;
          squares += value * value;
        }
        assertEquals(0, sum, 1e-12);
        assertEquals(column == 2 ? 0 : measured.length, squares, 1e-12);
      }
      // The map is affine: the mean of two images goes to the mean of what they go to.
      double[] first = dense(standardisation.apply(rows, 0));
      double[] other = dense(standardisation.apply(rows, 7));
      double factor = (first[0] - other[0]) / (values[0] - values[7 * DIMENSION]);
      double[] third = dense(standardisation.apply(rows, 4));
      assertEquals(first[0] + factor * (values[4 * DIMENSION] - values[0]), third[0], 1e-9);
      assertEquals(0, other[2]);
    }
  }

  private static double[] dense(Feature[] features) {
    double[] values = new double[DIMENSION + 1];
    for (Feature feature : features) {
      values[feature.getIndex() - 1] = feature.getValue();
    }
    assertEquals(1, values[DIMENSION], "the bias");
    return values;
  }
}
