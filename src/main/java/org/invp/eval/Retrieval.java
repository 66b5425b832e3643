package org.invp.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/**
 * How well images of a class find each other by the similarity of their features, the search being
 * exact.
 *
 * <p>Recall at K (Oh Song et al., CVPR 2016, after Jegou et al., TPAMI 2011): the share of queries
 * that have an image of their class among the K most similar ones. MAP@R (Musgrave et al., ECCV
 * 2020): with R the number of images of the query's class in the gallery, the mean over the queries
 * of (1 / R) sum over i = 1..R of precision at i where the i-th is of the class, else 0.
 *
 * <p>A query is never its own answer. One whose class has no image in the gallery can find nothing
 * and is left out.
 *
 * <p>Not thread-safe. Borrows the gallery.
 */
public final class Retrieval {
  /** The published values of K. */
  public static final List<Integer> PUBLISHED_K = List.of(1, 5, 10);

  /**
   * MAP@R is left out when a class of the gallery has more images than that: R ranks are needed.
   */
  public static final int MOST_RELEVANT = 20_000;

  private static final int SCORES_AT_ONCE = 1 << 21;

  private final MemoryBank gallery;
  private final int[] labels;
  private final boolean leaveOneOut;
  private final int[] ofClass;

  /**
   * What was found.
   *
   * @param recall at each K that was asked for, shares
   * @param meanAveragePrecision MAP@R, or NaN where a class is too large for it
   * @param queries how many were judged
   * @param leftOut how many were not, for want of an image of their class in the gallery
   */
  public record Result(
      List<Double> recall, double meanAveragePrecision, int queries, int leftOut) {}

  /**
   * @param gallery one row of length 1 per image
   * @param labels the class of each row, at least 0
   * @param leaveOneOut whether the queries are the gallery itself, query i being row i
   */
  public Retrieval(MemoryBank gallery, int[] labels, boolean leaveOneOut) {
    if (labels.length != gallery.rows()) {
      throw new IllegalArgumentException(
          labels.length + " labels for a gallery of " + gallery.rows() + " rows");
    }
    this.gallery = gallery;
    this.labels = labels.clone();
    this.leaveOneOut = leaveOneOut;
    this.ofClass = new int[IntStream.of(labels).max().orElse(0) + 1];
    for (int label : labels) {
      ofClass[label]++;
    }
  }

  /**
   * Judges queries.
   *
   * @param queries [Q, D], rows of length 1
   * @param classes of the Q queries
   * @param ks the K of recall at K, each at least 1
   * @param betweenBatches called now and then; it ends the evaluation by throwing
   * @throws InvalidDataException if no query has an image of its class in the gallery
   */
  public Result evaluate(
      FloatTensor queries, int[] classes, List<Integer> ks, Runnable betweenBatches) {
    int total = Math.toIntExact(queries.shape(0));
    if (classes.length != total || (leaveOneOut && total != labels.length)) {
      throw new IllegalArgumentException(
          Text.format(
              "%d classes for %d queries of a gallery of %d rows",
              classes.length, total, labels.length));
    }
    int most = IntStream.of(classes).map(this::relevant).max().orElse(0);
    if (most == 0) {
      throw new InvalidDataException("no image has another one of its class to be found");
    }
    boolean precision = most <= MOST_RELEVANT;
    int own = leaveOneOut ? 1 : 0;
    int largestK = ks.stream().mapToInt(Integer::intValue).max().orElse(1);
    int count = Math.min(labels.length, own + Math.max(largestK, precision ? most : 1));
    int atOnce = Math.clamp(SCORES_AT_ONCE / count, 1, 256);

    int[] found = new int[ks.size()];
    double sum = 0;
    int judged = 0;
    for (int start = 0; start < total; start += atOnce) {
      betweenBatches.run();
      int size = Math.min(atOnce, total - start);
      Neighbours nearest = gallery.nearest(Rows.slice(queries, start, size), count);
      for (int query = 0; query < size; query++) {
        int relevant = relevant(classes[start + query]);
        if (relevant == 0) {
          continue;
        }
        judged++;
        int self = leaveOneOut ? start + query : -1;
        boolean[] hits = hits(nearest, query, self, classes[start + query]);
        int first = first(hits);
        for (int i = 0; i < found.length; i++) {
          found[i] += first < ks.get(i) ? 1 : 0;
        }
        sum += precision ? averagePrecision(hits, relevant) : 0;
      }
    }
    List<Double> recall = new ArrayList<>();
    for (int hits : found) {
      recall.add((double) hits / judged);
    }
    return new Result(recall, precision ? sum / judged : Double.NaN, judged, total - judged);
  }

  /** How many answers a query of that class has. */
  private int relevant(int label) {
    int all = label < ofClass.length ? ofClass[label] : 0;
    return leaveOneOut ? all - 1 : all;
  }

  /** Which of the nearest are of the query's class, the query itself passed over. */
  private boolean[] hits(Neighbours nearest, int query, int self, int truth) {
    boolean[] hits = new boolean[nearest.count()];
    int rank = 0;
    for (int i = 0; i < nearest.count(); i++) {
      int id = nearest.id(query, i);
      if (id != self) {
        hits[rank++] = labels[id] == truth;
      }
    }
    return hits;
  }

  private static int first(boolean[] hits) {
    int rank = 0;
    while (rank < hits.length && !hits[rank]) {
      rank++;
    }
    return rank;
  }

  private static double averagePrecision(boolean[] hits, int relevant) {
    double sum = 0;
    int found = 0;
    for (int rank = 0; rank < relevant; rank++) {
      if (hits[rank]) {
        found++;
        sum += (double) found / (rank + 1);
      }
    }
    return sum / relevant;
  }
}
