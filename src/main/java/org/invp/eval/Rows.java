package org.invp.eval;

import org.invp.tensor.FloatTensor;

/** Parts of a matrix. */
final class Rows {
  private Rows() {}

  /**
   * Consecutive rows as a matrix of their own, sharing memory.
   *
   * @param all [N, D]
   */
  static FloatTensor slice(FloatTensor all, long start, long count) {
    long bytes = all.shape(1) * Float.BYTES;
    return FloatTensor.view(
        all.segment().asSlice(start * bytes, count * bytes), count, all.shape(1));
  }
}
