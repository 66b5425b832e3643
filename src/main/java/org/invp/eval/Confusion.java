package org.invp.eval;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Which classes were taken for which. */
public final class Confusion {
  private final int[][] counts;

  /**
   * Counts pairs.
   *
   * @param truth the class of each image, in [0, classes)
   * @param predictions the class that each was taken for
   */
  public Confusion(int[] truth, int[] predictions, int classes) {
    if (truth.length != predictions.length) {
      throw new IllegalArgumentException(
          truth.length + " classes for " + predictions.length + " predictions");
    }
    counts = new int[classes][classes];
    for (int image = 0; image < truth.length; image++) {
      counts[truth[image]][predictions[image]]++;
    }
  }

  /** Numbers of images, [classes][classes]: the row is the truth, the column the prediction. */
  public int[][] counts() {
    return Arrays.stream(counts).map(int[]::clone).toArray(int[][]::new);
  }

  /** For each class the share of its images that were recognised; null for one without images. */
  public List<Double> perClass() {
    return IntStream.range(0, counts.length).mapToObj(this::recognised).toList();
  }

  private Double recognised(int cls) {
    int images = IntStream.of(counts[cls]).sum();
    return images == 0 ? null : Double.valueOf((double) counts[cls][cls] / images);
  }
}
