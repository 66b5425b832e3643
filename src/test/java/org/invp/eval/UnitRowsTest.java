package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class UnitRowsTest {
  @Test
  void scalesRowsToLengthOneAndLeavesZerosAlone() {
    try (FloatTensor rows = FloatTensor.of(new float[] {3, 4, 0, 0, 0, -2}, 3, 2)) {
      UnitRows.scale(rows);
      assertArrayEquals(new float[] {0.6f, 0.8f, 0, 0, 0, -1}, rows.toArray());
    }
  }
}
