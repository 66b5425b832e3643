package org.invp.bank;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardTest {
  @ParameterizedTest
  @CsvSource({"1,7", "2,7", "3,7", "4,4", "5,6"})
  void everyRowLiesAtOnePlaceOfOneRank(int size, int rows) {
    boolean[] seen = new boolean[rows];
    for (int rank = 0; rank < size; rank++) {
      Shard shard = new Shard(rank, size, rows);
      assertTrue(shard.localRows() >= 1);
      for (int local = 0; local < shard.localRows(); local++) {
        int global = shard.global(local);
        assertTrue(shard.owns(global));
        assertEquals(local, shard.local(global));
        assertTrue(!seen[global]);
        seen[global] = true;
      }
    }
    for (boolean row : seen) {
      assertTrue(row);
    }
  }

  @Test
  void theLargestBankDoesNotOverflow() {
    Shard last = new Shard(3, 4, Integer.MAX_VALUE);
    assertEquals(536_870_911, last.localRows());
    assertEquals(2_147_483_643, last.global(536_870_910));
  }

  @Test
  void aRankWithoutRowsIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Shard(0, 5, 4));
    assertThrows(IllegalArgumentException.class, () -> new Shard(2, 2, 4));
  }
}
