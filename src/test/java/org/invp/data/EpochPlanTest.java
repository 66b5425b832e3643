package org.invp.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EpochPlanTest {
  private static int[] order(long seed, long epoch, int size) {
    EpochPlan plan = EpochPlan.shuffled(seed, epoch, size, size, 4, BatchPart.WHOLE);
    return IntStream.range(0, size).map(i -> plan.image(i / 4, i % 4)).toArray();
  }

  /** Computed apart from the code, from the generator's definition; a resumed run relies on it. */
  @Test
  void theOrderIsTheSameOnEveryMachine() {
    assertArrayEquals(new int[] {3, 5, 1, 4, 0, 2, 7, 8, 6, 9}, order(1, 2, 10));
  }

  @Test
  void everyPlaceSeesEveryImageEquallyOften() {
    int size = 8;
    int epochs = 16000;
    int[][] seen = new int[size][size];
    for (int epoch = 0; epoch < epochs; epoch++) {
      int[] order = order(7, epoch, size);
      for (int i = 0; i < size; i++) {
        seen[i][order[i]]++;
      }
    }
    for (int[] row : seen) {
      for (int times : row) {
        // Six standard deviations.
        assertEquals(2000, times, 250);
      }
    }
  }

  @Test
  void theLastBatchHoldsTheRest() {
    EpochPlan plan = EpochPlan.sequential(0, 0, 10, 4, BatchPart.WHOLE);
    assertEquals(3, plan.batches());
    assertEquals(4, plan.size(1));
    assertEquals(2, plan.size(2));
    assertEquals(9, plan.image(2, 1));
  }
}
