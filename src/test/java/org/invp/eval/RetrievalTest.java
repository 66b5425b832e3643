package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  private static final List<Integer> KS = List.of(1, 5, 10);

  private BankEngine engine;

  @BeforeEach
  void start() {
    engine = BankEngine.cpu(2);
  }

  @AfterEach
  void stop() {
    engine.close();
  }

  @Test
  void theExampleThatWasWorkedOutByHand() {
    // On a line: queries at 0, 1, 2, 3, 4 as angles; classes 0 0 1 0 1.
    int[] labels = {0, 0, 1, 0, 1};
    float[] rows = onACircle(0, 1, 2.1, 3.3, 4.6);
    try (MemoryBank gallery = bank(rows, 2);
        FloatTensor queries = FloatTensor.of(rows, 5, 2)) {
      Retrieval.Result result =
          new Retrieval(gallery, labels, true)
              .evaluate(queries, labels, List.of(1, 2, 3), () -> {});
      // Neighbours by rank: 0: 1 2 3 4, 1: 0 2 3 4, 2: 1 3 0 4, 3: 2 4 1 0, 4: 3 2 1 0.
      assertEquals(List.of(2 / 5.0, 3 / 5.0, 4 / 5.0), result.recall());
      // R is 2 for class 0 and 1 for class 1: (1/2) 1, (1/2) 1, 0, 0, 0.
      assertEquals(1 / 5.0, result.meanAveragePrecision(), 1e-12);
      assertEquals(5, result.queries());
    }
  }

  @Test
  void leavingOneOutAgreesWithBruteForce() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int count = 20 + random.nextInt(300);
    float[] rows = unit(random, count, 4);
    int[] labels = random.ints(count, 0, 6).toArray();
    check(rows, labels, rows, labels, true, seed);
  }

  @Test
  void searchingAnotherSetAgreesWithBruteForce() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    float[] rows = unit(random, 150, 4);
    float[] queries = unit(random, 270, 4);
    check(
        rows,
        random.ints(150, 0, 9).toArray(),
        queries,
        random.ints(270, 0, 9).toArray(),
        false,
        seed);
  }

  @Test
  void copiesOfAnImageAreAnswersButTheImageIsNot() {
    try (MemoryBank gallery = bank(new float[] {1, 0, 1, 0, 1, 0, 0, 1}, 2);
        FloatTensor queries = FloatTensor.of(gallery.embeddings().toArray(), 4, 2)) {
      int[] labels = {0, 1, 1, 0};
      Retrieval.Result result =
          new Retrieval(gallery, labels, true).evaluate(queries, labels, List.of(1), () -> {});
      // 0 finds 1, 1 finds 0 (the smaller id), 2 finds 0, 3 finds 0.
      assertEquals(List.of(0.25), result.recall());
    }
  }

  @Test
  void aQueryWithoutAnyAnswerIsLeftOut() {
    try (MemoryBank gallery = bank(onACircle(0, 1, 2), 2);
        FloatTensor queries = FloatTensor.of(onACircle(0, 1, 2), 3, 2)) {
      int[] labels = {0, 0, 1};
      Retrieval.Result result =
          new Retrieval(gallery, labels, true).evaluate(queries, labels, List.of(9), () -> {});
      assertEquals(List.of(1.0), result.recall());
      assertEquals(2, result.queries());
      assertEquals(1, result.leftOut());
      int[] allDiffer = {0, 1, 2};
      Retrieval none = new Retrieval(gallery, allDiffer, true);
      assertThrows(
          InvalidDataException.class,
          () -> none.evaluate(queries, allDiffer, List.of(1), () -> {}));
    }
  }

  private void check(
      float[] rows, int[] labels, float[] asked, int[] truth, boolean same, long seed) {
    try (MemoryBank gallery = bank(rows, 4);
        FloatTensor queries = FloatTensor.of(asked, truth.length, 4)) {
      Retrieval.Result result =
          new Retrieval(gallery, labels, same).evaluate(queries, truth, KS, () -> {});
      double[] recall = new double[KS.size()];
      double precision = 0;
      int judged = 0;
      for (int q = 0; q < truth.length; q++) {
        int[] ranking = ranking(rows, asked, q, same);
        int self = truth[q];
        int relevant = (int) IntStream.of(ranking).filter(id -> labels[id] == self).count();
        if (relevant == 0) {
          continue;
        }
        judged++;
        for (int i = 0; i < recall.length; i++) {
          boolean found = IntStream.of(ranking).limit(KS.get(i)).anyMatch(id -> labels[id] == self);
          recall[i] += found ? 1 : 0;
        }
        for (int r = 1; r <= relevant; r++) {
          if (labels[ranking[r - 1]] == self) {
            long hits = IntStream.of(ranking).limit(r).filter(id -> labels[id] == self).count();
            precision += (double) hits / r / relevant;
          }
        }
      }
      for (int i = 0; i < recall.length; i++) {
        assertEquals(recall[i] / judged, result.recall().get(i), 1e-12, "seed " + seed);
      }
      assertEquals(precision / judged, result.meanAveragePrecision(), 1e-9, "seed " + seed);
      assertEquals(judged, result.queries(), "seed " + seed);
    }
  }

  /** All other rows, most similar first, ties to the smaller id. */
  private static int[] ranking(float[] rows, float[] asked, int query, boolean same) {
    int count = rows.length / 4;
    double[] scores = new double[count];
    for (int row = 0; row < count; row++) {
      float score = 0;
      for (int d = 0; d < 4; d++) {
        score = Math.fma(asked[query * 4 + d], rows[row * 4 + d], score);
      }
      scores[row] = score;
    }
    return IntStream.range(0, count)
        .filter(row -> !same || row != query)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer row) -> -scores[row]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private MemoryBank bank(float[] rows, int dimension) {
    MemoryBank bank = MemoryBank.create(rows.length / dimension, dimension, engine);
    bank.embeddings().copyFrom(rows);
    return bank;
  }

  private static float[] onACircle(double... places) {
    float[] rows = new float[2 * places.length];
    for (int i = 0; i < places.length; i++) {
      rows[2 * i] = (float) Math.cos(0.3 * places[i]);
      rows[2 * i + 1] = (float) Math.sin(0.3 * places[i]);
    }
    return rows;
  }

  private static float[] unit(Random random, int count, int dimension) {
    try (FloatTensor rows = FloatTensor.allocate(count, dimension)) {
      for (long i = 0; i < rows.size(); i++) {
        rows.set(i, (float) random.nextGaussian());
      }
      UnitRows.scale(rows);
      return rows.toArray();
    }
  }
}
