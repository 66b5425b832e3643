package org.invp.eval;

import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/** Refuses features that no classifier can learn from. */
final class FiniteRows {
  private FiniteRows() {}

  /**
   * Checks a network's features.
   *
   * @param rows [N, D]
   * @throws InvalidDataException if one is not a finite number
   */
  static void require(FloatTensor rows) {
    long values = rows.shape(0) * rows.shape(1);
    for (long at = 0; at < values; at++) {
      if (!Float.isFinite(rows.get(at))) {
        throw new InvalidDataException(
            Text.format("the network's features of image %d are not finite", at / rows.shape(1)));
      }
    }
  }
}
