package org.invp.eval;

import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/**
 * Weighted k-nearest-neighbour classification as published (main.py, {@code kNN}): the k most
 * similar training images vote for their class, each with e^(s / sigma), s being the inner product
 * of the two embeddings. The search is exact. Classes with equal votes rank by their id, the
 * smaller first; a class without a vote has no rank, and a query none of whose neighbours is
 * labelled has no class. One search serves several k: its first k neighbours are those that a
 * search for k finds.
 *
 * <p>Not thread-safe. Borrows what is searched.
 */
public final class KnnClassifier {
  /** The published k. */
  public static final int PUBLISHED_K = 200;

  /** The published sigma. */
  public static final double PUBLISHED_SIGMA = 0.07;

  private static final int QUERIES_AT_ONCE = 256;
  private static final int FIVE = 5;
  private static final int NO_RANK = Integer.MAX_VALUE;

  private final RowSearch search;
  private final int[] labels;
  private final int k;
  private final int[] ks;
  private final double sigma;

  /** By class; 0 for those that have none, and for those whose only voters are far away. */
  private final double[] votes;

  private final boolean[] hasVote;

  /** The classes that have a vote, the first {@link #votedCount} of them. */
  private final int[] voted;

  private int votedCount;

  /**
   * Votes are relative to the score of the nearest voter, so that a small sigma cannot overflow.
   */
  private float nearestVoter;

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
    this.k = k;
    this.sigma = sigma;
    this.votes = new double[classes];
    this.hasVote = new boolean[classes];
    this.voted = new int[Math.min(classes, labels.length)];
  }

  /**
   * Classifies queries and compares with the truth.
   *
   * @param queries [Q, D], rows of length 1
   * @param truth the Q classes; a query of {@link ImageDataset#UNLABELLED} is classified and not
   *     judged, others may be classes that no voter has
   * @param betweenBatches called now and then; it ends the evaluation by throwing
   * @throws InvalidDataException if no query has a class
   */
  public KnnResult evaluate(FloatTensor queries, int[] truth, Runnable betweenBatches) {
    int total = Math.toIntExact(queries.shape(0));
    if (truth.length != total) {
      throw new IllegalArgumentException(truth.length + " classes for " + total + " queries");
    }
    int judged = (int) IntStream.of(truth).filter(cls -> cls != ImageDataset.UNLABELLED).count();
    if (judged == 0) {
      throw new InvalidDataException("none of the images to classify has a label to compare with");
    }
    int[] predictions = new int[total];
    int[] first = new int[ks.length];
    int[] amongFive = new int[ks.length];
    int abstained = 0;
    int most = voters(ks[ks.length - 1]);
    for (int start = 0; start < total; start += QUERIES_AT_ONCE) {
      betweenBatches.run();
      int count = Math.min(QUERIES_AT_ONCE, total - start);
      Neighbours neighbours = search.nearest(Rows.slice(queries, start, count), most);
      for (int query = 0; query < count; query++) {
        forget();
        int own = truth[start + query];
        for (int which = 0; which < ks.length; which++) {
          vote(neighbours, query, which == 0 ? 0 : voters(ks[which - 1]), voters(ks[which]));
          int rank = own == ImageDataset.UNLABELLED ? NO_RANK : rankOf(own);
          first[which] += rank == 0 ? 1 : 0;
          amongFive[which] += rank < FIVE ? 1 : 0;
          if (ks[which] == k) {
            predictions[start + query] = mostVoted();
            abstained += own != ImageDataset.UNLABELLED && votedCount == 0 ? 1 : 0;
          }
        }
      }
    }
    SortedMap<Integer, Accuracy> byK = new TreeMap<>();
    for (int which = 0; which < ks.length; which++) {
      byK.put(
          ks[which],
          new Accuracy((double) first[which] / judged, (double) amongFive[which] / judged, judged));
    }
    return new KnnResult(byK.get(k), truth.clone(), predictions, byK, abstained);
  }

  /**
   * The classes of one query that have a vote, the most voted first.
   *
   * @param query [1, D], of length 1
   */
  public int[] ranking(FloatTensor query) {
    forget();
    vote(search.nearest(query, voters(k)), 0, 0, voters(k));
    return IntStream.of(voted)
        .limit(votedCount)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer id) -> -votes[id]).thenComparingInt(id -> id))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** All rows vote where there are fewer than asked for. */
  private int voters(int asked) {
    return Math.min(asked, search.rows());
  }

  private void forget() {
    for (int i = 0; i < votedCount; i++) {
      votes[voted[i]] = 0;
      hasVote[voted[i]] = false;
    }
    votedCount = 0;
  }

  private int mostVoted() {
    int best = KnnResult.NO_CLASS;
    for (int i = 0; i < votedCount; i++) {
      if (best == KnnResult.NO_CLASS || precedes(voted[i], best)) {
        best = voted[i];
      }
    }
    return best;
  }

  /** How many classes rank before this one; {@link #NO_RANK} if it has no vote. */
  private int rankOf(int truth) {
    if (truth >= votes.length || !hasVote[truth]) {
      return NO_RANK;
    }
    int before = 0;
    for (int i = 0; i < votedCount; i++) {
      before += precedes(voted[i], truth) ? 1 : 0;
    }
    return before;
  }

  private boolean precedes(int cls, int other) {
    return votes[cls] > votes[other] || (votes[cls] == votes[other] && cls < other);
  }

  /** Adds the votes of the neighbours {@code from} to {@code to} - 1, the nearest first. */
  private void vote(Neighbours neighbours, int query, int from, int to) {
    for (int rank = from; rank < to; rank++) {
      int label = labels[neighbours.id(query, rank)];
      if (label != ImageDataset.UNLABELLED) {
        float score = neighbours.score(query, rank);
        if (votedCount == 0) {
          nearestVoter = score;
        }
        if (!hasVote[label]) {
          hasVote[label] = true;
          voted[votedCount] = label;
          votedCount++;
        }
        votes[label] += Math.exp((score - nearestVoter) / sigma);
      }
    }
  }
}
