package org.invp.objective.sharded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.invp.bank.Shard;
import org.invp.objective.StepResult;

/** That the ranks together have what one process has: ids equal, numbers within 1e-5. */
final class ShardedEquality {
  private static final double TOLERANCE = 1e-5;

  private ShardedEquality() {}

  static void check(ShardedCase drawn, List<ShardedCase.Result> parts) {
    ShardedCase.Result whole = drawn.whole();
    String where = drawn.toString();
    for (ShardedCase.Result part : parts) {
      assertArrayEquals(parts.getFirst().losses(), part.losses(), where + ": bits of all ranks");
    }
    for (int step = 0; step < whole.losses().length; step++) {
      StepResult expected = whole.losses()[step];
      StepResult actual = parts.getFirst().losses()[step];
      near(expected.lossIns(), actual.lossIns(), where + ": L_ins");
      near(expected.lossInv(), actual.lossInv(), where + ": L_inv");
      assertEquals(expected.meanCosine(), actual.meanCosine(), where + ": mean cosine");
      int at = 0;
      int position = 0;
      for (ShardedCase.Result part : parts) {
        for (float value : part.gradients()[step]) {
          near(whole.gradients()[step][at++], value, where + ": gradient");
        }
        for (int id : part.positives()[step]) {
          assertEquals(whole.positives()[step][position++], id, where + ": positives");
        }
      }
      assertEquals(whole.gradients()[step].length, at, where);
      assertEquals(whole.positives()[step].length, position, where);
    }
    rows(drawn, whole, parts, where);
  }

  private static void rows(
      ShardedCase drawn, ShardedCase.Result whole, List<ShardedCase.Result> parts, String where) {
    int k = drawn.options.neighbours();
    for (int row = 0; row < drawn.rows; row++) {
      Shard shard = new Shard(row % drawn.ranks, drawn.ranks, drawn.rows);
      ShardedCase.Result part = parts.get(shard.rank());
      int local = shard.local(row);
      for (int n = 0; n < k; n++) {
        assertEquals(whole.graph()[row * k + n], part.graph()[local * k + n], where + ": graph");
      }
      for (int d = 0; d < drawn.dimension; d++) {
        assertEquals(
            whole.bank()[row * drawn.dimension + d],
            part.bank()[local * drawn.dimension + d],
            where + ": bank");
      }
    }
  }

  private static void near(double expected, double actual, String what) {
    assertEquals(expected, actual, TOLERANCE * (1 + Math.abs(expected)), what);
  }
}
