package org.invp.eval;

import java.util.stream.IntStream;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * How often logits ranked the right class first, or among the first five. Classes of equal logits
 * rank by their id, the smaller first; an image whose logits are not numbers is wrong.
 */
public final class ClassScores {
  private static final int FIVE = 5;

  private final int[] images;
  private final int[] right;
  private int first;
  private int amongFive;
  private int total;

  /**
   * @param classes the number of classes
   */
  public ClassScores(int classes) {
    images = new int[classes];
    right = new int[classes];
  }

  /**
   * Judges a batch.
   *
   * @param logits [B, classes]
   * @param labels [B]
   */
  public void add(FloatTensor logits, IntTensor labels) {
    int classes = images.length;
    for (int row = 0; row < labels.shape(0); row++) {
      int truth = labels.get(row);
      int rank = rank(logits, (long) row * classes, truth);
      images[truth]++;
      total++;
      if (rank == 0) {
        right[truth]++;
        first++;
      }
      if (rank < FIVE) {
        amongFive++;
      }
    }
  }

  private int rank(FloatTensor logits, long start, int truth) {
    float own = logits.get(start + truth);
    if (Float.isNaN(own)) {
      return Integer.MAX_VALUE;
    }
    int before = 0;
    for (int id = 0; id < images.length; id++) {
      float other = logits.get(start + id);
      if (other > own || (other == own && id < truth)) {
        before++;
      }
    }
    return before;
  }

  /** The number of images so far. */
  public int images() {
    return total;
  }

  /** The shares over all images so far, of which there must be some. */
  public Accuracy accuracy() {
    return new Accuracy((double) first / total, (double) amongFive / total, total);
  }

  /** Share of images whose class was ranked first. */
  public double top1() {
    return (double) first / total;
  }

  /** The mean, over the classes that occur, of the share ranked first within each. */
  public double meanPerClass() {
    return IntStream.range(0, images.length)
        .filter(id -> images[id] > 0)
        .mapToDouble(id -> (double) right[id] / images[id])
        .average()
        .orElseThrow();
  }
}
