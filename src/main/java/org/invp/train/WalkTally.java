package org.invp.train;

import java.util.Arrays;
import org.invp.data.ImageDataset;

/**
 * Counts what walks found, anchor by anchor. Shares are over all images found, so that a walk
 * counts by its size; the share of a class that is covered and the graph's agreement are means over
 * anchors. The anchor itself, which the published program's walk may return, counts nowhere.
 */
final class WalkTally {
  private static final int NONE = -1;

  private final int[] labels;
  private final int[] classSizes;
  private final Mean size = new Mean();
  private final Mean right = new Mean();
  private final Mean positivesRight = new Mean();
  private final Mean easiestRight = new Mean();
  private final Mean similarity = new Mean();
  private final Mean beyondNearest = new Mean();
  private final Mean classCovered = new Mean();
  private final Mean graphAgreement = new Mean();

  /**
   * @param labels of all images, {@link ImageDataset#UNLABELLED} where there is none
   * @param classes more than every label
   */
  WalkTally(int[] labels, int classes) {
    this.labels = labels;
    this.classSizes = new int[classes];
    for (int label : labels) {
      if (label != ImageDataset.UNLABELLED) {
        classSizes[label]++;
      }
    }
  }

  /**
   * Adds an anchor's N(i).
   *
   * @param found distinct images, -1 for none
   * @param similarities of the same length
   * @param nearest the most similar images without the anchor
   */
  void addWalk(int anchor, int[] found, float[] similarities, int... nearest) {
    int[] near = nearest.clone();
    Arrays.sort(near);
    int count = 0;
    for (int j = 0; j < found.length; j++) {
      if (found[j] != NONE) {
        count++;
        similarity.add(similarities[j]);
        beyondNearest.add(Arrays.binarySearch(near, found[j]) < 0 ? 1 : 0);
      }
    }
    size.add(count);
    double same = addShare(right, anchor, found);
    int label = labels[anchor];
    if (label != ImageDataset.UNLABELLED && classSizes[label] > 1) {
      classCovered.add(same / (classSizes[label] - 1));
    }
  }

  /** Adds the positives that the loss would select, repeats and all; -1 for none. */
  void addPositives(int anchor, int... selected) {
    addShare(positivesRight, anchor, selected);
  }

  /** Adds the most similar positives; -1 for none. */
  void addEasiest(int anchor, int... easiest) {
    addShare(easiestRight, anchor, easiest);
  }

  /**
   * Adds a row of the graph.
   *
   * @param exact the row as it would be in the exact graph
   */
  void addGraphRow(int[] row, int... exact) {
    int[] held = row.clone();
    Arrays.sort(held);
    double found = Arrays.stream(exact).filter(id -> Arrays.binarySearch(held, id) >= 0).count();
    graphAgreement.add(found / exact.length);
  }

  /** How many of the images have the anchor's class; of the unlabelled nothing is known. */
  private int addShare(Mean share, int anchor, int... images) {
    int same = 0;
    for (int image : images) {
      if (image != NONE && image != anchor && labelled(image) && labelled(anchor)) {
        boolean is = labels[image] == labels[anchor];
        share.add(is ? 1 : 0);
        same += is ? 1 : 0;
      }
    }
    return same;
  }

  private boolean labelled(int image) {
    return labels[image] != ImageDataset.UNLABELLED;
  }

  /** The means over everything added. */
  WalkFigures figures(Double staleness) {
    return new WalkFigures(
        size.value(),
        right.value(),
        positivesRight.value(),
        easiestRight.value(),
        similarity.value(),
        beyondNearest.value(),
        classCovered.value(),
        staleness,
        graphAgreement.value());
  }

  /** A mean, null of nothing. */
  private static final class Mean {
    private double sum;
    private long count;

    void add(double value) {
      sum += value;
      count++;
    }

    Double value() {
      return count == 0 ? null : sum / count;
    }
  }
}
