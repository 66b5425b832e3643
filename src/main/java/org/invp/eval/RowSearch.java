package org.invp.eval;

import java.util.Arrays;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.tensor.FloatTensor;

/** The exact search over the rows that represent a data set, wherever they lie. */
public interface RowSearch {
  /** The number of rows. */
  int rows();

  /**
   * The most similar rows of each query, ties to the smaller id.
   *
   * @param queries [Q, D]
   * @param count 1 to {@link #rows}
   */
  Neighbours nearest(FloatTensor queries, int count);

  /**
   * The same without some rows, exactly: what is left is numbered anew, in order.
   *
   * @param left the rows that stay, ascending
   */
  default RowSearch only(int... left) {
    RowSearch all = this;
    if (left.length == all.rows()) {
      return all;
    }
    int[] places = new int[all.rows()];
    Arrays.fill(places, -1);
    for (int place = 0; place < left.length; place++) {
      places[left[place]] = place;
    }
    return new RowSearch() {
      @Override
      public int rows() {
        return left.length;
      }

      @Override
      public Neighbours nearest(FloatTensor queries, int count) {
        int more = count + all.rows() - left.length;
        Neighbours found = all.nearest(queries, more);
        int[] ids = new int[found.queries() * count];
        float[] scores = new float[ids.length];
        for (int query = 0; query < found.queries(); query++) {
          int kept = 0;
          for (int rank = 0; kept < count; rank++) {
            int place = places[found.id(query, rank)];
            if (place >= 0) {
              ids[query * count + kept] = place;
              scores[query * count + kept] = found.score(query, rank);
              kept++;
            }
          }
        }
        return new Neighbours(count, ids, scores);
      }
    };
  }

  /** Over a bank that holds all rows; borrows it. */
  static RowSearch over(MemoryBank bank) {
    return new RowSearch() {
      @Override
      public int rows() {
        return bank.rows();
      }

      @Override
      public Neighbours nearest(FloatTensor queries, int count) {
        return bank.nearest(queries, count);
      }
    };
  }
}
