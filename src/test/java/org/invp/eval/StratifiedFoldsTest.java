package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StratifiedFoldsTest {
  @Test
  void cutEachGroupIntoRuns() {
    StratifiedFolds folds = StratifiedFolds.of(new int[] {1, 0, 1, 0, 1, 0, 0, 0, 0}, 3);
    assertEquals(List.of(0, 1, 2), folds.ids());
    assertArrayEquals(new int[] {0, 1, 3}, folds.inside(0));
    assertArrayEquals(new int[] {2, 5, 6}, folds.inside(1));
    assertArrayEquals(new int[] {4, 7, 8}, folds.inside(2));
    assertArrayEquals(new int[] {0, 1, 3, 4, 7, 8}, folds.outside(1));
  }

  @Test
  void keepTheSharesAndLeaveTheOnlyMemberOfAGroupInTraining() {
    int[] groups = new Random(1).ints(203, 0, 4).toArray();
    groups[7] = 9;
    StratifiedFolds folds = StratifiedFolds.of(groups, 5);
    for (int fold : folds.ids()) {
      int[] inside = folds.inside(fold);
      assertEquals(groups.length, inside.length + folds.outside(fold).length);
      assertTrue(IntStream.of(inside).noneMatch(i -> i == 7));
      for (int group = 0; group < 4; group++) {
        int id = group;
        long all = IntStream.of(groups).filter(own -> own == id).count();
        long own = IntStream.of(inside).filter(i -> groups[i] == id).count();
        assertTrue(own == all / 5 || own == all / 5 + 1, own + " of " + all);
      }
    }
    assertEquals(
        groups.length - 1, folds.ids().stream().mapToInt(fold -> folds.inside(fold).length).sum());
  }

  @Test
  void areNoneWithoutTwoOfAGroup() {
    assertEquals(List.of(), StratifiedFolds.of(new int[] {4, 2, 3}, 5).ids());
  }
}
