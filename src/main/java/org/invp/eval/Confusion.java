package org.invp.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.invp.data.ImageDataset;

/**
 * Which classes were taken for which. Costs as much as there are pairs that occur, whatever the
 * number of classes. Images without a label are left out.
 */
public final class Confusion {
  private static final Comparator<Pair> ORDER =
      Comparator.comparingInt(Pair::truth).thenComparingInt(Pair::predicted);

  private final Map<Pair, Integer> counts = new TreeMap<>(ORDER);
  private final Map<Integer, Integer> images = new TreeMap<>();

  /**
   * A class and what an image of it was taken for.
   *
   * @param predicted a class, or {@link KnnResult#NO_CLASS}
   */
  private record Pair(int truth, int predicted) {}

  /** How many images of a class were taken for a class, or for none. */
  public record Count(int truth, int predicted, int images) {}

  /**
   * Counts pairs.
   *
   * @param truth the class of each image
   * @param predictions the class that each was taken for
   */
  public Confusion(int[] truth, int[] predictions) {
    if (truth.length != predictions.length) {
      throw new IllegalArgumentException(
          truth.length + " classes for " + predictions.length + " predictions");
    }
    for (int image = 0; image < truth.length; image++) {
      if (truth[image] != ImageDataset.UNLABELLED) {
        counts.merge(new Pair(truth[image], predictions[image]), 1, Integer::sum);
        images.merge(truth[image], 1, Integer::sum);
      }
    }
  }

  /** The pairs that occur, by the true class and then by the other. */
  public List<Count> counts() {
    List<Count> all = new ArrayList<>();
    counts.forEach((pair, count) -> all.add(new Count(pair.truth, pair.predicted, count)));
    return all;
  }

  /** How many images of a class were taken for another. */
  public int count(int truth, int predicted) {
    return counts.getOrDefault(new Pair(truth, predicted), 0);
  }

  /** The number of images of a class. */
  public int images(int cls) {
    return images.getOrDefault(cls, 0);
  }

  /** Numbers of images, [classes][classes]: the row is the truth, the column the prediction. */
  public int[][] matrix(int classes) {
    int[][] matrix = new int[classes][classes];
    counts.forEach(
        (pair, count) -> {
          if (pair.predicted != KnnResult.NO_CLASS) {
            matrix[pair.truth][pair.predicted] = count;
          }
        });
    return matrix;
  }

  /** For each class that occurs the share of its images that were recognised. */
  public Map<Integer, Double> recognised() {
    Map<Integer, Double> shares = new TreeMap<>();
    images.forEach((cls, total) -> shares.put(cls, (double) count(cls, cls) / total));
    return shares;
  }
}
