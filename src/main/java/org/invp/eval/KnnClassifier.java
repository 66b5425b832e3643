package org.invp.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.data.ImageDataset;
import org.invp.tensor.FloatTensor;

/**
 * Weighted k-nearest-neighbour classification as published (main.py, {@code kNN}): the k most
 * similar training images vote for their class, each with e^(s / sigma), s being the inner product
 * of the two embeddings. The search is exact. Classes with equal votes rank by their id, the
 * smaller first.
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
    if (labels.length != search.rows()) {
      throw new IllegalArgumentException(
          labels.length + " labels for a bank of " + search.rows() + " rows");
    }
    if (IntStream.of(labels)
        .anyMatch(label -> label < ImageDataset.UNLABELLED || label >= classes)) {
      throw new IllegalArgumentException("a label is outside 0 to " + (classes - 1));
    }
    if (k < 1 || !(sigma > 0)) {
      throw new IllegalArgumentException(
          "k is %d and sigma %s, allowed: at least 1 and greater than 0".formatted(k, sigma));
    }
    this.search = search;
    this.labels = labels.clone();
    this.classes = classes;
    this.k = Math.min(k, search.rows());
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
    int first = 0;
    int amongFive = 0;
    for (int start = 0; start < total; start += QUERIES_AT_ONCE) {
      betweenBatches.run();
      int count = Math.min(QUERIES_AT_ONCE, total - start);
      Neighbours neighbours = search.nearest(Rows.slice(queries, start, count), k);
      for (int query = 0; query < count; query++) {
        vote(neighbours, query);
        int rank = rankOf(truth[start + query]);
        predictions[start + query] = mostVoted();
        first += rank == 0 ? 1 : 0;
        amongFive += rank < 5 ? 1 : 0;
      }
    }
    Accuracy accuracy = new Accuracy((double) first / total, (double) amongFive / total, total);
    return new KnnResult(accuracy, predictions);
  }

  /**
   * The classes of one query, the most voted first.
   *
   * @param query [1, D], of length 1
   */
  public int[] ranking(FloatTensor query) {
    vote(search.nearest(query, k), 0);
    return IntStream.range(0, classes)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer id) -> -votes[id]).thenComparingInt(id -> id))
        .mapToInt(Integer::intValue)
        .toArray();
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

  /** Relative to the nearest, so that a small sigma cannot overflow; the order stays the same. */
  private void vote(Neighbours neighbours, int query) {
    Arrays.fill(votes, 0);
    float nearest = neighbours.score(query, 0);
    for (int rank = 0; rank < k; rank++) {
      int label = labels[neighbours.id(query, rank)];
      if (label != ImageDataset.UNLABELLED) {
        votes[label] += Math.exp((neighbours.score(query, rank) - nearest) / sigma);
      }
    }
  }
}
