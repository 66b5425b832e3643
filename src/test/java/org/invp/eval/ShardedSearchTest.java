package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Neighbours;
import org.invp.bank.Shard;
import org.invp.distributed.Ranks;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardedSearchTest {
  private static final int DIMENSION = 3;
  private static final int QUERIES = 5;

  @ParameterizedTest
  @CsvSource({"1,40,7", "2,41,7", "3,40,40", "4,5,3", "3,3,3"})
  void findsWhatAllRowsTogetherHold(int size, int rows, int count) throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    float[] bank = values(random, rows * DIMENSION);
    float[] queries = values(random, QUERIES * DIMENSION);
    List<List<Integer>> found =
        Ranks.run(
            size,
            group -> {
              int own = Math.ceilDiv(rows - group.rank(), size);
              try (BankEngine engine = BankEngine.cpu(1);
                  MemoryBank part = MemoryBank.create(own, DIMENSION, engine);
                  FloatTensor asked = FloatTensor.of(queries, QUERIES, DIMENSION)) {
                for (int row = 0; row < own; row++) {
                  int id = row * size + group.rank();
                  for (int d = 0; d < DIMENSION; d++) {
                    part.embeddings().set((long) row * DIMENSION + d, bank[id * DIMENSION + d]);
                  }
                }
                return ids(
                    new ShardedSearch(group, part, new Shard(group.rank(), size, rows))
                        .nearest(asked, count));
              }
            });
    List<Integer> expected = new ArrayList<>();
    for (int query = 0; query < QUERIES; query++) {
      int first = query * DIMENSION;
      expected.addAll(
          IntStream.range(0, rows)
              .boxed()
              .sorted(
                  Comparator.comparingDouble((Integer row) -> -score(bank, row, queries, first))
                      .thenComparingInt(row -> row))
              .limit(count)
              .toList());
    }
    for (List<Integer> rank : found) {
      assertEquals(expected, rank, () -> "seed " + seed);
    }
  }

  /** Small whole numbers: many ties, and scores without rounding. */
  private static float[] values(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(4);
    }
    return values;
  }

  private static double score(float[] bank, int row, float[] queries, int query) {
    double sum = 0;
    for (int d = 0; d < DIMENSION; d++) {
      sum += bank[row * DIMENSION + d] * queries[query + d];
    }
    return sum;
  }

  private static List<Integer> ids(Neighbours neighbours) {
    List<Integer> ids = new ArrayList<>();
    for (int query = 0; query < neighbours.queries(); query++) {
      for (int rank = 0; rank < neighbours.count(); rank++) {
        ids.add(neighbours.id(query, rank));
      }
    }
    return ids;
  }
}
