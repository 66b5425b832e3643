package org.invp.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/**
 * Weighted k-nearest-neighbour classification as published (main.py, {@code kNN}): the k most
 * similar training images vote for their class, each with e^(s / sigma), s being the inner product
 * of the two embeddings. The search is exact. Classes with equal votes rank by their id, the
 * smaller first. One search serves several k: its first k neighbours are those that a search for k
 * finds.
 *
 * <p>Not thread-safe. Borrows what is searched.
 */
public final class KnnClassifier {
  /** The published k. */
  public static final int PUBLISHED_K = 200;

  /** The published sigma. */
  public static final double PUBLISHED_SIGMA = 0.07;

  private static final int QUERIES_AT_ONCE = 256;

  private final RowSearch search;
  private final int[] labels;
  private final int classes;
  private final int k;
  private final int[] ks;
  private final double sigma;
  private final double[] votes;

  /**
   * @param bank one embedding per training image
   * @param labels the class of each row of the bank, in [0, classes); a row of {@link
   *     ImageDataset#UNLABELLED} has no vote
   * @param classes the number of classes
   * @param k voters, at least 1; all rows where the bank has fewer
   * @param sigma the smaller, the more the nearest voters count; greater than 0
   */
  public KnnClassifier(MemoryBank bank, int[] labels, int classes, int k, double sigma) {
    this(RowSearch.over(bank), labels, classes, k, sigma);
  }

  /** As above, over rows that need not lie in one bank. */
  public KnnClassifier(RowSearch search, int[] labels, int classes, int k, double sigma) {
    this(search, labels, classes, k, List.of(), sigma);
  }

  /**
   * As above, for several numbers of voters.
   *
   * @param k the one that {@link #ranking} and the predictions take
   * @param alsoK further ones, each at least 1, in any order
   */
  public KnnClassifier(
      RowSearch search, int[] labels, int classes, int k, List<Integer> alsoK, double sigma) {
    if (labels.length != search.rows()) {
      throw new IllegalArgumentException(
          labels.length + " labels for a bank of " + search.rows() + " rows");
    }
    if (IntStream.of(labels)
        .anyMatch(label -> label < ImageDataset.UNLABELLED || label >= classes)) {
      throw new IllegalArgumentException("a label is outside 0 to " + (classes - 1));
    }
    this.ks =
        IntStream.concat(IntStream.of(k), alsoK.stream().mapToInt(other -> other))
            .sorted()
            .distinct()
            .toArray();
    if (ks[0] < 1 || !(sigma > 0)) {
      throw new IllegalArgumentException(
          Text.format(
              "k is %d and sigma %s, allowed: at least 1 and greater than 0", ks[0], sigma));
    }
    this.search = search;
    this.labels = labels.clone();
    this.classes = classes;
    this.k = k;
    this.sigma = sigma;
    this.votes = new double[classes];
  }

  /**
   * Classifies queries and compares with the truth.
   *
   * @param queries [Q, D], rows of length 1
   * @param truth the Q classes
   * @param betweenBatches called now and then; it ends the evaluation by throwing
   */
  public KnnResult evaluate(FloatTensor queries, int[] truth, Runnable betweenBatches) {
    int total = Math.toIntExact(queries.shape(0));
    if (truth.length != total) {
      throw new IllegalArgumentException(truth.length + " classes for " + total + " queries");
    }
    int[] predictions = new int[total];
    int[] first = new int[ks.length];
    int[] amongFive = new int[ks.length];
    int most = voters(ks[ks.length - 1]);
    for (int start = 0; start < total; start += QUERIES_AT_ONCE) {
      betweenBatches.run();
      int count = Math.min(QUERIES_AT_ONCE, total - start);
      Neighbours neighbours = search.nearest(Rows.slice(queries, start, count), most);
      for (int query = 0; query < count; query++) {
        Arrays.fill(votes, 0);
        for (int which = 0; which < ks.length; which++) {
          vote(neighbours, query, which == 0 ? 0 : voters(ks[which - 1]), voters(ks[which]));
          int rank = rankOf(truth[start + query]);
          first[which] += rank == 0 ? 1 : 0;
          amongFive[which] += rank < 5 ? 1 : 0;
          if (ks[which] == k) {
            predictions[start + query] = mostVoted();
          }
        }
      }
    }
    SortedMap<Integer, Accuracy> byK = new TreeMap<>();
    for (int which = 0; which < ks.length; which++) {
      byK.put(
          ks[which],
          new Accuracy((double) first[which] / total, (double) amongFive[which] / total, total));
    }
    return new KnnResult(byK.get(k), predictions, byK);
  }

  /**
   * The classes of one query, the most voted first.
   *
   * @param query [1, D], of length 1
   */
  public int[] ranking(FloatTensor query) {
    Arrays.fill(votes, 0);
    vote(search.nearest(query, voters(k)), 0, 0, voters(k));
    return IntStream.range(0, classes)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer id) -> -votes[id]).thenComparingInt(id -> id))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** All rows vote where there are fewer than asked for. */
  private int voters(int asked) {
    return Math.min(asked, search.rows());
  }

  private int mostVoted() {
    int best = 0;
    for (int id = 1; id < classes; id++) {
      if (votes[id] > votes[best]) {
        best = id;
      }
    }
    return best;
  }

  /** How many classes rank before this one. */
  private int rankOf(int truth) {
    int before = 0;
    for (int id = 0; id < classes; id++) {
      if (votes[id] > votes[truth] || (votes[id] == votes[truth] && id < truth)) {
        before++;
      }
    }
    return before;
  }

  /**
   * Adds the votes of the neighbours {@code from} to {@code to} - 1. Relative to the nearest, so
   * that a small sigma cannot overflow; the order stays the same.
   */
  private void vote(Neighbours neighbours, int query, int from, int to) {
    float nearest = neighbours.score(query, 0);
    for (int rank = from; rank < to; rank++) {
      int label = labels[neighbours.id(query, rank)];
      if (label != ImageDataset.UNLABELLED) {
        votes[label] += Math.exp((neighbours.score(query, rank) - nearest) / sigma);
      }
    }
  }
}
