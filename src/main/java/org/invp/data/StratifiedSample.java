package org.invp.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Draws images so that every class keeps its share, as nearly as whole images allow: each class has
 * its quota rounded down, and what is left goes one each to the classes of the largest remainders
 * (Hamilton's method), of equal ones to the smaller label. Images without a label are one class
 * more. Which images of a class are drawn follows from seed, stream and label alone.
 */
final class StratifiedSample {
  private StratifiedSample() {}

  /**
   * Draws a sample.
   *
   * @param images to draw from, ascending
   * @param labels of all images, by their index
   * @param count how many to draw, in 0..images.length
   * @param stream tells samples of one seed from each other
   * @return the drawn ones, ascending
   */
  static int[] draw(int[] images, int[] labels, int count, long seed, long stream) {
    List<Stratum> strata = strata(images, labels);
    int[] quotas = quotas(strata, images.length, count);
    int[] drawn = new int[count];
    int at = 0;
    for (int i = 0; i < quotas.length; i++) {
      Stratum stratum = strata.get(i);
      stratum.shuffle(quotas[i], new CounterRandom(seed, stratum.label, stream));
      System.arraycopy(stratum.images, 0, drawn, at, quotas[i]);
      at += quotas[i];
    }
    Arrays.sort(drawn);
    return drawn;
  }

  /** The images of one class. */
  private static final class Stratum {
    private final int label;
    private final int[] images;

    Stratum(int label, List<Integer> images) {
      this.label = label;
      this.images = images.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The first {@code count} places become a random choice: the first steps of Fisher-Yates. */
    void shuffle(int count, CounterRandom random) {
      for (int i = 0; i < count; i++) {
        int j = i + random.below(images.length - i);
        int moved = images[i];
        images[i] = images[j];
        images[j] = moved;
      }
    }
  }

  /** In the order of their labels. */
  private static List<Stratum> strata(int[] images, int[] labels) {
    TreeMap<Integer, List<Integer>> byLabel = new TreeMap<>();
    for (int image : images) {
      byLabel.computeIfAbsent(labels[image], label -> new ArrayList<>()).add(image);
    }
    List<Stratum> strata = new ArrayList<>();
    byLabel.forEach((label, members) -> strata.add(new Stratum(label, members)));
    return strata;
  }

  private static int[] quotas(List<Stratum> strata, long all, int count) {
    int[] quotas = new int[strata.size()];
    long[] remainders = new long[quotas.length];
    List<Integer> order = new ArrayList<>();
    int left = count;
    for (int i = 0; i < quotas.length; i++) {
      long share = (long) count * strata.get(i).images.length;
      quotas[i] = (int) (share / all);
      remainders[i] = share % all;
      left -= quotas[i];
      order.add(i);
    }
    order.sort(Comparator.comparingLong((Integer i) -> remainders[i]).reversed());
    order.subList(0, left).forEach(i -> quotas[i]++);
    return quotas;
  }
}
