package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import java.util.stream.IntStream;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowSearchTest {
  private static final int DIMENSION = 3;
  private static final int QUERIES = 6;

  @ParameterizedTest
  @CsvSource({"30,30", "30,29", "30,11", "30,1", "3,2"})
  void withoutSomeRowsFindsWhatABankOfTheOthersFinds(int rows, int left) {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int[] kept = random.ints(0, rows).distinct().limit(left).sorted().toArray();
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank all = MemoryBank.create(rows, DIMENSION, engine);
        MemoryBank few = MemoryBank.create(left, DIMENSION, engine);
        FloatTensor queries = FloatTensor.allocate(QUERIES, DIMENSION)) {
      fill(all.embeddings(), random);
      fill(queries, random);
      for (int place = 0; place < left; place++) {
        few.set(place, all.get(kept[place]));
      }
      RowSearch search = RowSearch.over(all).only(kept);
      assertEquals(left, search.rows());
      for (int count : IntStream.of(1, (left + 1) / 2, left).distinct().toArray()) {
        Neighbours expected = few.nearest(queries, count);
        Neighbours found = search.nearest(queries, count);
        for (int query = 0; query < QUERIES; query++) {
          for (int rank = 0; rank < count; rank++) {
            assertEquals(expected.id(query, rank), found.id(query, rank), () -> "seed " + seed);
            assertEquals(expected.score(query, rank), found.score(query, rank));
          }
        }
      }
    }
  }

  /** Small whole numbers: many ties. */
  private static void fill(FloatTensor rows, Random random) {
    for (long at = 0; at < rows.size(); at++) {
      rows.set(at, random.nextInt(4));
    }
  }
}
