package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.invp.data.MultiLabelDataset.Target;

/**
 * Chooses a machine's cost by cross-validation in three folds, as Goyal et al. (ICCV 2019) do: the
 * cost of the highest mean average precision, the smallest of equal ones. The images with the class
 * and those without it are each cut into three runs of one length, in their order. A fold without
 * an image of the class says nothing and is left out. The average precision is the area rule's.
 */
final class SvmCosts {
  /** 2^-19 to 2^-4 of the published program, and the powers of ten from 0.01 to 100; ascending. */
  static final List<Double> PUBLISHED =
      DoubleStream.concat(
              IntStream.rangeClosed(-19, -4).mapToDouble(power -> Math.scalb(1.0, power)),
              DoubleStream.of(0.01, 0.1, 1, 10, 100))
          .sorted()
          .boxed()
          .toList();

  private static final int FOLDS = 3;

  private SvmCosts() {}

  /**
   * The best cost.
   *
   * @param positive which images show the class; at least two do and two do not
   * @param betweenTrainings called before every training; it ends the search by throwing
   */
  static double choose(
      Feature[][] images, boolean[] positive, List<Double> costs, Runnable betweenTrainings) {
    int[] folds = folds(positive);
    double best = Double.NaN;
    double bestMean = -1;
    for (double cost : costs) {
      double mean =
          IntStream.range(0, FOLDS)
              .filter(fold -> holdsPositive(folds, positive, fold))
              .mapToDouble(
                  fold -> {
                    betweenTrainings.run();
                    return validate(images, positive, folds, fold, cost);
                  })
              .average()
              .orElseThrow();
      if (mean > bestMean) {
        bestMean = mean;
        best = cost;
      }
    }
    return best;
  }

  /** The fold of each image. */
  static int[] folds(boolean[] positive) {
    int[] folds = new int[positive.length];
    for (boolean which : new boolean[] {true, false}) {
      int[] members =
          IntStream.range(0, positive.length).filter(i -> positive[i] == which).toArray();
      for (int rank = 0; rank < members.length; rank++) {
        folds[members[rank]] = (int) ((long) rank * FOLDS / members.length);
      }
    }
    return folds;
  }

  private static boolean holdsPositive(int[] folds, boolean[] positive, int fold) {
    return IntStream.range(0, folds.length).anyMatch(i -> positive[i] && folds[i] == fold);
  }

  private static double validate(
      Feature[][] images, boolean[] positive, int[] folds, int fold, double cost) {
    int[] others = IntStream.range(0, folds.length).filter(i -> folds[i] != fold).toArray();
    int[] own = IntStream.range(0, folds.length).filter(i -> folds[i] == fold).toArray();
    LinearSvm svm = LinearSvm.train(pick(images, others), pick(positive, others), cost);
    Target[] targets =
        Arrays.stream(own)
            .mapToObj(i -> positive[i] ? Target.PRESENT : Target.ABSENT)
            .toArray(Target[]::new);
    return AveragePrecision.AREA.of(svm.scores(pick(images, own)), targets);
  }

  static Feature[][] pick(Feature[][] images, int[] which) {
    return Arrays.stream(which).mapToObj(i -> images[i]).toArray(Feature[][]::new);
  }

  static boolean[] pick(boolean[] values, int[] which) {
    boolean[] picked = new boolean[which.length];
    for (int i = 0; i < which.length; i++) {
      picked[i] = values[which[i]];
    }
    return picked;
  }
}
