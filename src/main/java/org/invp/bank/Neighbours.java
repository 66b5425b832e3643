package org.invp.bank;

import java.util.Objects;
import org.invp.internal.Text;

/** The most similar bank rows of a batch of queries, most similar first, ties to the smaller id. */
public final class Neighbours {
  private final int count;
  private final int[] ids;
  private final float[] scores;

  /**
   * What a search found; the arrays are the object's from now on.
   *
   * @param count neighbours per query, at least 1
   * @param ids of all queries one after the other, each's most similar first
   * @param scores in the same places
   */
  public Neighbours(int count, int[] ids, float[] scores) {
    if (count < 1 || ids.length % count != 0 || scores.length != ids.length) {
      throw new IllegalArgumentException(
          Text.format(
              "%d ids and %d scores for %d neighbours per query",
              ids.length, scores.length, count));
    }
    this.count = count;
    this.ids = ids;
    this.scores = scores;
  }

  /** The number of queries. */
  public int queries() {
    return ids.length / count;
  }

  /** The number of neighbours per query. */
  public int count() {
    return count;
  }

  /**
   * The row of the neighbour at a rank, 0 being the most similar.
   *
   * @throws IndexOutOfBoundsException for a query or a rank that there is not
   */
  public int id(int query, int rank) {
    return ids[place(query, rank)];
  }

  /** The inner product of the query and the neighbour at a rank; throws as {@link #id}. */
  public float score(int query, int rank) {
    return scores[place(query, rank)];
  }

  private int place(int query, int rank) {
    Objects.checkIndex(query, queries());
    return query * count + Objects.checkIndex(rank, count);
  }
}
