package org.invp.eval;

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
