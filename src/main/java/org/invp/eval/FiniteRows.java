package org.invp.eval;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.InvalidDataException;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Refuses outputs of a network that are no numbers: no classifier and no search can use them. */
final class FiniteRows {
  private static final long NONE = -1;

  private FiniteRows() {}

  /**
   * Checks what a network gave of images, naming the first image that it gave no numbers of.
   *
   * @param rows [B, D]; null to check nothing
   * @param indices [B], which of the images each row is of
   * @throws InvalidDataException if one is not a finite number
   */
  static void require(FloatTensor rows, ImageDataset images, IntTensor indices) {
    long bad = rows == null ? NONE : firstBad(rows);
    if (bad != NONE) {
      throw new InvalidDataException(
          Text.format(
              "the network gives numbers that are not finite of %s: its weights, running statistics"
                  + " or precision cannot be used",
              images.describe(indices.get(bad))));
    }
  }

  /**
   * Checks a network's features.
   *
   * @param rows [N, D]
   * @throws InvalidDataException if one is not a finite number
   */
  static void require(FloatTensor rows) {
    long bad = firstBad(rows);
    if (bad != NONE) {
      throw new InvalidDataException(
          Text.format("the network's features of image %d are not finite", bad));
    }
  }

  private static long firstBad(FloatTensor rows) {
    long columns = rows.shape(1);
    long values = rows.shape(0) * columns;
    MemorySegment data = rows.segment();
    for (long at = 0; at < values; at++) {
      if (!Float.isFinite(data.getAtIndex(ValueLayout.JAVA_FLOAT, at))) {
        return at / columns;
      }
    }
    return NONE;
  }
}
