package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import de.bwaldvogel.liblinear.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class LinearSvmTest {
  private static final int COUNT = 80;
  private static final int DIMENSION = 4;

  private static Feature[][] features(float[] rows, int dimension) {
    try (FloatTensor tensor = FloatTensor.of(rows, rows.length / dimension, dimension)) {
      return LiblinearRows.of(tensor);
    }
  }

  /** The gradient of the primal problem, from its formula, is 0 where the machine stands. */
  @Test
  void standsWhereThePrimalProblemIsSmallest() {
    Random random = new Random(4);
    float[] rows = new float[COUNT * DIMENSION];
    boolean[] positive = new boolean[COUNT];
    for (int row = 0; row < COUNT; row++) {
      for (int column = 0; column < DIMENSION; column++) {
        rows[row * DIMENSION + column] = (float) random.nextGaussian();
      }
      positive[row] = rows[row * DIMENSION] + random.nextGaussian() > 0.5;
    }
    for (double cost : new double[] {0.001, 0.1, 1}) {
      LinearSvm svm = LinearSvm.train(features(rows, DIMENSION), positive, cost);
      double[] weights = weights(svm);
      double[] gradient = weights.clone();
      for (int row = 0; row < COUNT; row++) {
        double value = weights[DIMENSION];
        for (int column = 0; column < DIMENSION; column++) {
          value += weights[column] * rows[row * DIMENSION + column];
        }
        double truth = positive[row] ? 1 : -1;
        double missing = Math.max(0, 1 - truth * value);
        double factor = -2 * cost * (positive[row] ? 2 : 1) * missing * truth;
        for (int column = 0; column < DIMENSION; column++) {
          gradient[column] += factor * rows[row * DIMENSION + column];
        }
        gradient[DIMENSION] += factor;
      }
      for (double slope : gradient) {
        assertEquals(0, slope, 0.01 * cost * COUNT, "cost " + cost);
      }
    }
  }

  /** The scores of the axes and of the origin tell the weights, the bias last. */
  private static double[] weights(LinearSvm svm) {
    float[] axes = new float[(DIMENSION + 1) * DIMENSION];
    for (int axis = 0; axis < DIMENSION; axis++) {
      axes[axis * DIMENSION + axis] = 1;
    }
    double[] scores = svm.scores(features(axes, DIMENSION));
    for (int axis = 0; axis < DIMENSION; axis++) {
      scores[axis] -= scores[DIMENSION];
    }
    return scores;
  }

  @Test
  void thePublishedCosts() {
    List<Double> costs = SvmCosts.PUBLISHED;
    assertEquals(21, costs.size());
    assertEquals(1.0 / (1 << 19), costs.get(0));
    assertEquals(100, costs.get(20));
    assertEquals(costs.stream().sorted().toList(), costs);
  }

  @Test
  void theSmallestOfEqualCostsIsChosen() {
    float[] rows = {1, 0.9f, 0.8f, -1, -0.9f, -0.8f};
    boolean[] positive = {true, true, true, false, false, false};
    double[] chosen =
        Arrays.stream(new double[] {0.1, 1})
            .map(
                first ->
                    SvmCosts.choose(
                        features(rows, 1), positive, List.of(first, 10.0, 100.0), () -> {}))
            .toArray();
    assertArrayEquals(new double[] {0.1, 1}, chosen);
  }
}
