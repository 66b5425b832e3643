package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.invp.data.MultiLabelDataset.Target;

/**
 * Chooses a machine's cost by cross-validation in three folds, as Goyal et al. (ICCV 2019) do: the
 * cost of the highest mean average precision. Images with the class and those without it are
 * stratified. A fold without an image of the class says nothing and is left out. The average
 * precision is the area rule's.
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
    StratifiedFolds folds =
        StratifiedFolds.of(
            IntStream.range(0, positive.length).map(i -> positive[i] ? 1 : 0).toArray(), FOLDS);
    List<Integer> telling =
        folds.ids().stream()
            .filter(fold -> Arrays.stream(folds.inside(fold)).anyMatch(i -> positive[i]))
            .toList();
    return CostSearch.best(
        costs,
        cost ->
            telling.stream()
                .mapToDouble(
                    fold -> {
                      betweenTrainings.run();
                      return validate(images, positive, folds, fold, cost);
                    })
                .average()
                .orElseThrow());
  }

  private static double validate(
      Feature[][] images, boolean[] positive, StratifiedFolds folds, int fold, double cost) {
    int[] others = folds.outside(fold);
    int[] own = folds.inside(fold);
    LinearSvm svm =
        LinearSvm.train(LiblinearRows.pick(images, others), pick(positive, others), cost);
    Target[] targets =
        Arrays.stream(own)
            .mapToObj(i -> positive[i] ? Target.PRESENT : Target.ABSENT)
            .toArray(Target[]::new);
    return AveragePrecision.AREA.of(svm.scores(LiblinearRows.pick(images, own)), targets);
  }

  static boolean[] pick(boolean[] values, int[] which) {
    boolean[] picked = new boolean[which.length];
    for (int i = 0; i < which.length; i++) {
      picked[i] = values[which[i]];
    }
    return picked;
  }
}
