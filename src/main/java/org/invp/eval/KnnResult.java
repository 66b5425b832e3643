package org.invp.eval;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What kNN said of some images.
 *
 * @param accuracy how often it was right, at the k that the predictions are of
 * @param truth the class of each image, {@link org.invp.data.ImageDataset#UNLABELLED} for one that
 *     was not judged; owned by the record
 * @param predictions the class it ranked first, for each image, {@link #NO_CLASS} where no
 *     neighbour was labelled; owned by the record
 * @param byK how often it was right at every k that was asked for, the k of {@code accuracy} too
 * @param abstained how many of the images that were judged got no class; they count as wrong
 */
public record KnnResult(
    Accuracy accuracy,
    int[] truth,
    int[] predictions,
    SortedMap<Integer, Accuracy> byK,
    int abstained) {
  /** What stands for no class. */
  public static final int NO_CLASS = -1;

  /** Copies the accuracies. */
  public KnnResult {
    byK = Collections.unmodifiableSortedMap(new TreeMap<>(byK));
  }

  /** The shares of images whose class was ranked first, in [0, 1], by k. */
  public SortedMap<Integer, Double> top1ByK() {
    SortedMap<Integer, Double> shares = new TreeMap<>();
    byK.forEach((k, one) -> shares.put(k, one.top1()));
    return shares;
  }
}
