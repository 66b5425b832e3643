package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.data.ImageDataset;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class KnnClassifierTest {
  @Test
  void agreesWithBruteForce() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int rows = 300;
    int dimension = 8;
    int classes = 7;
    int queries = 600;
    float[] bank = unit(random, rows, dimension);
    float[] asked = unit(random, queries, dimension);
    int[] labels = random.ints(rows, 0, classes).toArray();
    int[] truth = random.ints(queries, 0, classes).toArray();
    int k = 1 + random.nextInt(40);
    try (BankEngine engine = BankEngine.cpu(2);
        MemoryBank memory = MemoryBank.create(rows, dimension, engine);
        FloatTensor batch = FloatTensor.of(asked, queries, dimension)) {
      memory.embeddings().copyFrom(bank);
      KnnResult result =
          new KnnClassifier(memory, labels, classes, k, 0.07).evaluate(batch, truth, () -> {});
      Accuracy accuracy = result.accuracy();
      int first = 0;
      int amongFive = 0;
      for (int q = 0; q < queries; q++) {
        int[] ranking = ranking(bank, labels, classes, k, asked, q, dimension);
        assertEquals(ranking[0], result.predictions()[q], () -> "seed " + seed);
        int rank = 0;
        while (rank < ranking.length && ranking[rank] != truth[q]) {
          rank++;
        }
        first += rank == 0 ? 1 : 0;
        amongFive += rank < Math.min(5, ranking.length) ? 1 : 0;
      }
      assertEquals((double) first / queries, accuracy.top1(), 1e-12, () -> "seed " + seed);
      assertEquals((double) amongFive / queries, accuracy.top5(), 1e-12, () -> "seed " + seed);
      assertEquals(queries, accuracy.images());
    }
  }

  @Test
  void oneSearchServesSeveralKAsOneSearchForEachAndAsBruteForce() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int rows = 90;
    int dimension = 4;
    int classes = 7;
    int queries = 300;
    float[] bank = unit(random, rows, dimension);
    float[] asked = unit(random, queries, dimension);
    int[] labels = random.ints(rows, 0, classes).toArray();
    int[] truth = random.ints(queries, 0, classes).toArray();
    int k = 2 + random.nextInt(30);
    List<Integer> alsoK = List.of(40, 1, 200, k, 7); // 200 is more than there are rows
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank memory = MemoryBank.create(rows, dimension, engine);
        FloatTensor batch = FloatTensor.of(asked, queries, dimension)) {
      memory.embeddings().copyFrom(bank);
      RowSearch search = RowSearch.over(memory);
      KnnResult several =
          new KnnClassifier(search, labels, classes, k, alsoK, 0.07)
              .evaluate(batch, truth, () -> {});
      assertEquals(new TreeSet<>(alsoK), several.byK().keySet());
      assertEquals(several.byK().get(k), several.accuracy());
      for (int one : several.byK().keySet()) {
        KnnResult single =
            new KnnClassifier(search, labels, classes, one, 0.07).evaluate(batch, truth, () -> {});
        assertEquals(single.accuracy(), several.byK().get(one), () -> "seed " + seed);
        int right = 0;
        for (int q = 0; q < queries; q++) {
          right += ranking(bank, labels, classes, one, asked, q, dimension)[0] == truth[q] ? 1 : 0;
        }
        double top1 = (double) right / queries;
        assertEquals(top1, several.top1ByK().get(one), 1e-12, () -> "seed " + seed);
        if (one == k) {
          assertArrayEquals(single.predictions(), several.predictions(), () -> "seed " + seed);
        }
      }
    }
  }

  @Test
  void everyKMustBeAtLeastOne() {
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(1, 1, engine)) {
      RowSearch search = RowSearch.over(bank);
      assertThrows(
          IllegalArgumentException.class,
          () -> new KnnClassifier(search, new int[] {0}, 1, 5, List.of(0), 0.07));
    }
  }

  @Test
  void aNeighbourWithoutALabelHasNoVote() {
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(3, 2, engine);
        FloatTensor query = FloatTensor.of(new float[] {1, 0}, 1, 2)) {
      bank.embeddings().copyFrom(new float[] {1, 0, 0.8f, 0.6f, 0, 1});
      int none = ImageDataset.UNLABELLED;
      KnnClassifier classifier = new KnnClassifier(bank, new int[] {none, 1, 0}, 2, 3, 0.07);
      assertArrayEquals(new int[] {1, 0}, classifier.ranking(query));
    }
  }

  @Test
  void withoutAVoteThereIsNoClass() {
    int none = ImageDataset.UNLABELLED;
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(4, 2, engine);
        FloatTensor queries = FloatTensor.of(new float[] {1, 0, 0, 1, 0, 1, 1, 0}, 4, 2)) {
      bank.embeddings().copyFrom(new float[] {1, 0, 0.8f, 0.6f, 0, 1, 0, 0.5f});
      int[] labels = {none, none, 3, none};
      KnnResult result =
          new KnnClassifier(RowSearch.over(bank), labels, 5, 2, List.of(1, 4), 0.07)
              .evaluate(queries, new int[] {0, 3, 0, none}, () -> {});
      assertArrayEquals(new int[] {-1, 3, 3, -1}, result.predictions());
      assertEquals(1, result.abstained(), "an image without a label is not judged");
      assertEquals(new Accuracy(1.0 / 3, 1.0 / 3, 3), result.accuracy());
      assertEquals(new Accuracy(1.0 / 3, 1.0 / 3, 3), result.byK().get(1));
      assertEquals(new Accuracy(1.0 / 3, 1.0 / 3, 3), result.byK().get(4), "0 has no vote");
      assertThrows(
          InvalidDataException.class,
          () ->
              new KnnClassifier(bank, labels, 5, 2, 0.07)
                  .evaluate(queries, new int[] {none, none, none, none}, () -> {}));
    }
  }

  /** More classes than memory has room for their square, and one that no row of the bank has. */
  @Test
  void costsFollowTheClassesThatOccur() {
    int classes = 100_000_000;
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(2, 1, engine);
        FloatTensor queries = FloatTensor.of(new float[] {1, 1}, 2, 1)) {
      bank.embeddings().copyFrom(new float[] {0.5f, 1});
      int[] truth = {classes - 1, classes + 5};
      KnnResult result =
          new KnnClassifier(bank, new int[] {7, classes - 1}, classes, 2, 0.07)
              .evaluate(queries, truth, () -> {});
      assertEquals(new Accuracy(0.5, 0.5, 2), result.accuracy());
      Confusion confusion = new Confusion(truth, result.predictions());
      assertEquals(
          List.of(
              new Confusion.Count(classes - 1, classes - 1, 1),
              new Confusion.Count(classes + 5, classes - 1, 1)),
          confusion.counts());
      assertEquals(Map.of(classes - 1, 1.0, classes + 5, 0.0), confusion.recognised());
    }
  }

  @Test
  void equalVotesGoToTheSmallerClass() {
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(4, 2, engine);
        FloatTensor query = FloatTensor.of(new float[] {1, 0}, 1, 2)) {
      bank.embeddings().copyFrom(new float[] {1, 0, 1, 0, 0, 1, 0, 1});
      KnnClassifier classifier = new KnnClassifier(bank, new int[] {2, 1, 0, 3}, 4, 4, 0.07);
      assertArrayEquals(new int[] {1, 2, 0, 3}, classifier.ranking(query));
    }
  }

  @Test
  void aTinySigmaDoesNotOverflow() {
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(2, 1, engine);
        FloatTensor query = FloatTensor.of(new float[] {1}, 1, 1)) {
      bank.embeddings().copyFrom(new float[] {0.5f, 1});
      KnnClassifier classifier = new KnnClassifier(bank, new int[] {0, 1}, 2, 200, 1e-6);
      assertArrayEquals(new int[] {1, 0}, classifier.ranking(query));
    }
  }

  @Test
  void labelsMustFitTheBank() {
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(2, 1, engine)) {
      assertThrows(
          IllegalArgumentException.class, () -> new KnnClassifier(bank, new int[] {0}, 2, 1, 0.07));
      assertThrows(
          IllegalArgumentException.class,
          () -> new KnnClassifier(bank, new int[] {0, 2}, 2, 1, 0.07));
    }
  }

  /** Sorts all rows, votes, sorts all classes. */
  private static int[] ranking(
      float[] bank, int[] labels, int classes, int k, float[] queries, int query, int dimension) {
    double[] scores =
        IntStream.range(0, labels.length)
            .mapToDouble(
                row -> {
                  float score = 0;
                  for (int d = 0; d < dimension; d++) {
                    score =
                        Math.fma(queries[query * dimension + d], bank[row * dimension + d], score);
                  }
                  return score;
                })
            .toArray();
    double[] votes = new double[classes];
    TreeSet<Integer> voted = new TreeSet<>();
    IntStream.range(0, labels.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer row) -> -scores[row]))
        .limit(k)
        .forEach(
            row -> {
              voted.add(labels[row]);
              votes[labels[row]] += Math.exp(scores[row] / 0.07);
            });
    return voted.stream()
        .sorted(Comparator.comparingDouble((Integer id) -> -votes[id]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static float[] unit(Random random, int rows, int dimension) {
    float[] values = new float[rows * dimension];
    try (FloatTensor tensor = FloatTensor.allocate(rows, dimension)) {
      for (int i = 0; i < values.length; i++) {
        tensor.set(i, (float) random.nextGaussian());
      }
      UnitRows.scale(tensor);
      return tensor.toArray();
    }
  }
}
