package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.tensor.FloatTensor;

/**
 * Recognises the classes of images from few labels, by {@link LogisticRegression} on frozen
 * features, again and again for labels drawn anew. Everything comes from the labelled images alone:
 * the features' {@link Standardisation}, and the cost C, that of the most images recognised in
 * stratified cross-validation, the smallest of equal ones.
 */
public final class LogisticClassification {
  /** The costs that are tried, ascending. */
  public static final List<Double> COSTS =
      IntStream.rangeClosed(-5, 3).mapToObj(power -> Double.valueOf("1e" + power)).toList();

  /** The folds of cross-validation. */
  public static final int FOLDS = 5;

  private final double share;
  private final int draws;
  private final long seed;
  private final int threads;
  private final Runnable betweenTrainings;

  /**
   * What one draw of labels gave.
   *
   * @param labelled how many images had a label
   * @param cost C, as cross-validation chose it
   * @param top1 share of the test images whose class was recognised
   */
  public record Draw(int labelled, double cost, double top1) {}

  /**
   * @param share of every class that has a label, as in {@link LabelSplit#perClass}
   * @param draws at least 1; which images a draw takes follows from seed and labels alone, and
   *     fewer draws are the first of more
   * @param threads draws that are learnt at once, at least 1; they do not change the result
   * @param betweenTrainings called by several threads before every training; it ends all by
   *     throwing
   */
  public LogisticClassification(
      double share, int draws, long seed, int threads, Runnable betweenTrainings) {
    if (draws < 1) {
      throw new IllegalArgumentException(draws + " draws, allowed: at least 1");
    }
    this.share = share;
    this.draws = draws;
    this.seed = seed;
    this.threads = threads;
    this.betweenTrainings = betweenTrainings;
  }

  /**
   * Learns and judges every draw.
   *
   * @param trainRows [N, D], of which a draw uses its own
   * @param trainLabels the N classes, at least 0
   * @param testRows [M, D]
   * @param testLabels the M classes
   * @return in the order of the draws
   * @throws InvalidDataException if a feature is not a finite number, if all labelled images are of
   *     one class, or if none has another of its class to validate what it taught
   */
  public List<Draw> evaluate(
      FloatTensor trainRows, int[] trainLabels, FloatTensor testRows, int[] testLabels) {
    FiniteRows.require(trainRows);
    FiniteRows.require(testRows);
    List<Callable<Draw>> tasks = new ArrayList<>();
    new SplittableRandom(seed)
        .longs(draws)
        .mapToObj(own -> LabelSplit.perClass(trainLabels, share, own))
        .forEach(
            labelled ->
                tasks.add(() -> judge(trainRows, trainLabels, labelled, testRows, testLabels)));
    return ParallelTasks.run(threads, "a logistic regression", tasks);
  }

  /** Mean top-1 of draws, at least one. */
  public static double mean(List<Draw> draws) {
    return draws.stream().mapToDouble(Draw::top1).average().orElseThrow();
  }

  /** Standard deviation of top-1 over draws, at least two: the squares' sum divided by one less. */
  public static double deviation(List<Draw> draws) {
    double mean = mean(draws);
    double squares = draws.stream().mapToDouble(draw -> Math.pow(draw.top1() - mean, 2)).sum();
    return Math.sqrt(squares / (draws.size() - 1));
  }

  private Draw judge(
      FloatTensor trainRows,
      int[] trainLabels,
      int[] labelled,
      FloatTensor testRows,
      int[] testLabels) {
    Standardisation features = Standardisation.over(trainRows, labelled);
    Feature[][] images =
        Arrays.stream(labelled)
            .mapToObj(image -> features.apply(trainRows, image))
            .toArray(Feature[][]::new);
    int[] labels = pick(trainLabels, labelled);
    double cost = chooseCost(images, labels, COSTS, betweenTrainings);
    betweenTrainings.run();
    LogisticRegression regression = LogisticRegression.train(images, labels, cost);
    long right =
        IntStream.range(0, testLabels.length)
            .filter(i -> regression.predict(features.apply(testRows, i)) == testLabels[i])
            .count();
    return new Draw(labelled.length, cost, (double) right / testLabels.length);
  }

  /** The cost that recognises most images of the folds that it did not learn from. */
  static double chooseCost(
      Feature[][] images, int[] labels, List<Double> costs, Runnable betweenTrainings) {
    if (IntStream.of(labels).distinct().count() < 2) {
      throw new InvalidDataException(
          "all labelled images are of one class: there is nothing to tell apart");
    }
    StratifiedFolds folds = StratifiedFolds.of(labels, FOLDS);
    if (folds.ids().isEmpty()) {
      throw new InvalidDataException(
          "only one image of every class has a label, cross-validation needs two of some class:"
              + " raise --labels");
    }
    return CostSearch.best(
        costs,
        cost ->
            folds.ids().stream()
                .mapToLong(
                    fold -> {
                      betweenTrainings.run();
                      return validate(images, labels, folds, fold, cost);
                    })
                .sum());
  }

  private static long validate(
      Feature[][] images, int[] labels, StratifiedFolds folds, int fold, double cost) {
    int[] others = folds.outside(fold);
    LogisticRegression regression =
        LogisticRegression.train(LiblinearRows.pick(images, others), pick(labels, others), cost);
    return Arrays.stream(folds.inside(fold))
        .filter(image -> regression.predict(images[image]) == labels[image])
        .count();
  }

  private static int[] pick(int[] labels, int[] which) {
    return Arrays.stream(which).map(image -> labels[image]).toArray();
  }
}
