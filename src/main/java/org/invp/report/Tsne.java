package org.invp.report;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A map of points in the plane that keeps neighbours together: exact t-SNE (van der Maaten and
 * Hinton, JMLR 2008), with the learning rate n / 12 of Belkina et al. (Nature Communications 2019).
 * Nothing is random: the start is two fixed projections, and sums run in order.
 */
final class Tsne {
  private static final double PERPLEXITY = 30;
  private static final int ITERATIONS = 400;
  private static final int EXAGGERATED = 100;
  private static final double EXAGGERATION = 12;
  private static final int BISECTIONS = 40;

  private Tsne() {}

  /**
   * @param rows n points, at least 4, each of the same length
   * @return [n][2]
   */
  static double[][] map(float[][] rows) {
    int n = rows.length;
    float[][] p = affinities(rows);
    double[][] y = start(rows);
    double[][] step = new double[n][2];
    double[][] gain = new double[n][2];
    for (double[] row : gain) {
      Arrays.fill(row, 1);
    }
    double rate = Math.max(n / EXAGGERATION, 10);
    double[][] pull = new double[n][2];
    double[][] push = new double[n][2];
    double[] mass = new double[n];
    for (int round = 0; round < ITERATIONS; round++) {
      double exaggeration = round < EXAGGERATED ? EXAGGERATION : 1;
      double momentum = round < EXAGGERATED ? 0.5 : 0.8;
      IntStream.range(0, n).parallel().forEach(i -> forces(i, p[i], y, pull[i], push[i], mass));
      double total = Arrays.stream(mass).sum();
      for (int i = 0; i < n; i++) {
        for (int axis = 0; axis < 2; axis++) {
          double gradient = 4 * (exaggeration * pull[i][axis] - push[i][axis] / total);
          boolean turned = gradient > 0 == step[i][axis] > 0;
          gain[i][axis] = Math.max(0.01, turned ? gain[i][axis] * 0.8 : gain[i][axis] + 0.2);
          step[i][axis] = momentum * step[i][axis] - rate * gain[i][axis] * gradient;
          y[i][axis] += step[i][axis];
        }
      }
    }
    return y;
  }

  /** Attraction and repulsion of one point, and its part of the normaliser. */
  private static void forces(
      int i, float[] p, double[][] y, double[] pull, double[] push, double[] mass) {
    double pullX = 0;
    double pullY = 0;
    double pushX = 0;
    double pushY = 0;
    double sum = 0;
    for (int j = 0; j < y.length; j++) {
      double dx = y[i][0] - y[j][0];
      double dy = y[i][1] - y[j][1];
      double near = j == i ? 0 : 1 / (1 + dx * dx + dy * dy);
      double attraction = p[j] * near;
      double repulsion = near * near;
      pullX += attraction * dx;
      pullY += attraction * dy;
      pushX += repulsion * dx;
      pushY += repulsion * dy;
      sum += near;
    }
    pull[0] = pullX;
    pull[1] = pullY;
    push[0] = pushX;
    push[1] = pushY;
    mass[i] = sum;
  }

  /** Symmetric joint probabilities; each row's Gaussian has the perplexity asked for. */
  private static float[][] affinities(float[][] rows) {
    int n = rows.length;
    float[][] p = new float[n][];
    IntStream.range(0, n).parallel().forEach(i -> p[i] = conditional(rows, i));
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        float joint = (p[i][j] + p[j][i]) / (2 * n);
        p[i][j] = joint;
        p[j][i] = joint;
      }
    }
    return p;
  }

  private static float[] conditional(float[][] rows, int i) {
    int n = rows.length;
    double[] distance = new double[n];
    double nearest = Double.MAX_VALUE;
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int d = 0; d < rows[i].length; d++) {
        double difference = rows[i][d] - rows[j][d];
        sum += difference * difference;
      }
      distance[j] = sum;
      nearest = j == i ? nearest : Math.min(nearest, sum);
    }
    double entropy = Math.log(Math.min(PERPLEXITY, (n - 1) / 3.0));
    double low = 0;
    double high = Double.POSITIVE_INFINITY;
    double beta = 1;
    float[] p = new float[n];
    for (int round = 0; round < BISECTIONS; round++) {
      double sum = 0;
      double weighted = 0;
      for (int j = 0; j < n; j++) {
        double value = j == i ? 0 : Math.exp(-beta * (distance[j] - nearest));
        p[j] = (float) value;
        sum += value;
        weighted += value * (distance[j] - nearest);
      }
      for (int j = 0; j < n; j++) {
        p[j] /= (float) sum;
      }
      if (Math.log(sum) + beta * weighted / sum > entropy) {
        low = beta;
        beta = Double.isInfinite(high) ? beta * 2 : (beta + high) / 2;
      } else {
        high = beta;
        beta = (beta + low) / 2;
      }
    }
    return p;
  }

  /** The two directions of largest variance by power iteration, scaled to be tiny. */
  private static double[][] start(float[][] rows) {
    int n = rows.length;
    int dimension = rows[0].length;
    double[] mean = new double[dimension];
    for (float[] row : rows) {
      for (int d = 0; d < dimension; d++) {
        mean[d] += row[d] / n;
      }
    }
    double[][] y = new double[n][2];
    double[] first = new double[dimension];
    for (int axis = 0; axis < 2; axis++) {
      double[] direction = new double[dimension];
      for (int d = 0; d < dimension; d++) {
        direction[d] = Math.sin(1 + d + axis);
      }
      for (int round = 0; round < 30; round++) {
        double[] next = new double[dimension];
        for (float[] row : rows) {
          double dot = 0;
          for (int d = 0; d < dimension; d++) {
            dot += (row[d] - mean[d]) * direction[d];
          }
          for (int d = 0; d < dimension; d++) {
            next[d] += dot * (row[d] - mean[d]);
          }
        }
        double along = axis == 0 ? 0 : dot(next, first);
        for (int d = 0; d < dimension; d++) {
          next[d] -= along * first[d];
        }
        double norm = Math.sqrt(dot(next, next));
        for (int d = 0; d < dimension; d++) {
          direction[d] = norm > 0 ? next[d] / norm : direction[d];
        }
      }
      first = axis == 0 ? direction : first;
      for (int i = 0; i < n; i++) {
        double place = 0;
        for (int d = 0; d < dimension; d++) {
          place += (rows[i][d] - mean[d]) * direction[d];
        }
        y[i][axis] = place * 1e-3;
      }
    }
    return y;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += a[d] * b[d];
    }
    return sum;
  }
}
