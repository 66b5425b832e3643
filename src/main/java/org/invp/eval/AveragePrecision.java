package org.invp.eval;

import java.util.Arrays;
import java.util.Comparator;
import org.invp.data.MultiLabelDataset.Target;

/**
 * The average precision of one class's scores, by Pascal VOC's two rules or by scikit-learn's. At a
 * threshold, those images count as found whose score reaches it; precision is the share of these
 * that show the class, recall the share of the images that show the class that are found.
 * Interpolated precision at a recall r is the highest precision of all thresholds of at least that
 * recall.
 *
 * <p>Difficult images count neither as found nor as missed. Images of equal score are found
 * together, so the result does not depend on the order of the images; the development kits rank
 * them in an order that their sort decides.
 */
public enum AveragePrecision {
  /**
   * The mean of the interpolated precision at the recalls 0, 0.1, ..., 1 (VOC 2007; Everingham et
   * al., The Pascal Visual Object Classes (VOC) Challenge, IJCV 2010, section 4.2).
   */
  VOC07 {
    @Override
    double average(int[] found, double[] interpolated, int positives) {
      double sum = 0;
      int at = 0;
      for (int tenths = 0; tenths <= 10; tenths++) {
        while (10L * found[at] < (long) tenths * positives) {
          at++;
        }
        sum += interpolated[at];
      }
      return sum / 11;
    }
  },
  /** The area under the interpolated precision, over all recalls (VOC 2010 and later). */
  AREA {
    @Override
    double average(int[] found, double[] interpolated, int positives) {
      return area(found, interpolated, positives);
    }
  },
  /**
   * The area under the precision itself, as a step function: scikit-learn's {@code
   * average_precision_score}, which the published program reports (downstream/voc_linear.py; there
   * the scores of images that show the class are lowered by 1e-5 first).
   */
  STEP {
    @Override
    double average(int[] found, double[] precision, int positives) {
      return area(found, precision, positives);
    }

    @Override
    boolean interpolates() {
      return false;
    }
  };

  /**
   * The average precision of a ranking by descending score.
   *
   * @param scores of N images, the higher the surer; no NaN
   * @param targets what the N images show of the class; at least one is PRESENT
   * @return in (0, 1]
   */
  public double of(double[] scores, Target[] targets) {
    if (scores.length != targets.length) {
      throw new IllegalArgumentException(scores.length + " scores, " + targets.length + " targets");
    }
    if (Arrays.stream(scores).anyMatch(Double::isNaN)) {
      throw new IllegalArgumentException("a score is not a number");
    }
    Integer[] ranked = ranked(scores, targets);
    int[] found = new int[ranked.length];
    double[] precision = new double[ranked.length];
    int thresholds = 0;
    int positives = 0;
    for (int rank = 0; rank < ranked.length; rank++) {
      positives += targets[ranked[rank]] == Target.PRESENT ? 1 : 0;
      boolean last = rank + 1 == ranked.length;
      if (last || scores[ranked[rank]] != scores[ranked[rank + 1]]) {
        found[thresholds] = positives;
        precision[thresholds++] = (double) positives / (rank + 1);
      }
    }
    if (positives == 0) {
      throw new IllegalArgumentException("no image shows the class");
    }
    for (int at = thresholds - 2; at >= 0 && interpolates(); at--) {
      precision[at] = Math.max(precision[at], precision[at + 1]);
    }
    return average(
        Arrays.copyOf(found, thresholds), Arrays.copyOf(precision, thresholds), positives);
  }

  private static Integer[] ranked(double[] scores, Target[] targets) {
    Integer[] ranked = new Integer[scores.length];
    int count = 0;
    for (int image = 0; image < scores.length; image++) {
      if (targets[image] != Target.DIFFICULT) {
        ranked[count++] = image;
      }
    }
    Integer[] judged = Arrays.copyOf(ranked, count);
    Arrays.sort(judged, Comparator.comparingDouble(image -> -scores[image]));
    return judged;
  }

  /**
   * Averages a curve.
   *
   * @param found how many positives each threshold finds, growing; the last finds all
   * @param precision of each threshold, interpolated where the rule {@link #interpolates}
   * @param positives how many there are
   */
  abstract double average(int[] found, double[] precision, int positives);

  /** Whether the rule takes the highest precision at a recall or above. */
  boolean interpolates() {
    return true;
  }

  private static double area(int[] found, double[] precision, int positives) {
    double sum = 0;
    int before = 0;
    for (int at = 0; at < found.length; at++) {
      sum += (found[at] - before) * precision[at];
      before = found[at];
    }
    return sum / positives;
  }
}
