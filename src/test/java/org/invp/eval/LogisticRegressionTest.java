package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import de.bwaldvogel.liblinear.Feature;
import java.util.Arrays;
import java.util.Random;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class LogisticRegressionTest {
  private static final int COUNT = 90;
  private static final int[] CLASSES = {7, 2, 4};

  /** On a line, where Newton's method in two numbers finds each class's weight and bias. */
  @Test
  void predictsTheClassOfTheHighestValueOfTheRegressionsSolvedByNewton() {
    Random random = new Random(6);
    float[] line = new float[COUNT];
    int[] labels = new int[COUNT];
    for (int i = 0; i < COUNT; i++) {
      int which = i % 9 < 5 ? 0 : i % 9 < 8 ? 1 : 2; // five, three and one of nine
      labels[i] = CLASSES[which];
      line[i] = (float) (2 * which + 1.2 * random.nextGaussian());
    }
    for (double cost : new double[] {1e-3, 0.1, 10}) {
      LogisticRegression regression = LogisticRegression.train(rows(line), labels, cost);
      double[][] solved =
          Arrays.stream(CLASSES)
              .mapToObj(cls -> newton(line, labels, cls, cost))
              .toArray(double[][]::new);
      for (float x = -4; x < 8; x += 1f / 64) {
        double[] values = new double[CLASSES.length];
        for (int i = 0; i < values.length; i++) {
          values[i] = solved[i][0] * x + solved[i][1];
        }
        double[] ranked = Arrays.stream(values).sorted().toArray();
        if (ranked[2] - ranked[1] > 1e-3) { // else the tolerance may decide
          int best = values[0] == ranked[2] ? 0 : values[1] == ranked[2] ? 1 : 2;
          assertEquals(CLASSES[best], regression.predict(rows(x)[0]), "cost " + cost + " at " + x);
        }
      }
    }
  }

  /** Weight and bias that make 1/2 w^2 + C sum log(1 + e^(-y (w x + b))) smallest. */
  private static double[] newton(float[] line, int[] labels, int cls, double cost) {
    double weight = 0;
    double bias = 0;
    for (int step = 0; step < 50; step++) {
      double slopeW = weight;
      double slopeB = 0;
      double ww = 1;
      double wb = 0;
      double bb = 0;
      for (int i = 0; i < line.length; i++) {
        double likely = 1 / (1 + Math.exp(-(weight * line[i] + bias)));
        double error = cost * (likely - (labels[i] == cls ? 1 : 0));
        double bend = cost * likely * (1 - likely);
        slopeW += error * line[i];
        slopeB += error;
        ww += bend * line[i] * line[i];
        wb += bend * line[i];
        bb += bend;
      }
      double determinant = ww * bb - wb * wb;
      weight -= (bb * slopeW - wb * slopeB) / determinant;
      bias -= (ww * slopeB - wb * slopeW) / determinant;
    }
    return new double[] {weight, bias};
  }

  private static Feature[][] rows(float... line) {
    try (FloatTensor tensor = FloatTensor.of(line, line.length, 1)) {
      return LiblinearRows.of(tensor);
    }
  }
}
