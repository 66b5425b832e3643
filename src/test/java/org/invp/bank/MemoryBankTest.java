package org.invp.bank;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class MemoryBankTest {
  private static final int ROWS = 700;
  private static final int DIMENSION = 24;

  private BankEngine engine;
  private MemoryBank bank;

  @BeforeEach
  void fill() {
    engine = BankEngine.cpu(2);
    bank = MemoryBank.create(ROWS, DIMENSION, engine);
    bank.fillRandom(5);
  }

  @AfterEach
  void close() {
    bank.close();
    engine.close();
  }

  @Test
  void nearestEqualsBruteForce() {
    float[] query = bank.get(17);
    Neighbours found = bank.nearest(query, 40);
    List<Integer> expected = ranked(query);
    for (int rank = 0; rank < 40; rank++) {
      assertEquals(expected.get(rank), found.id(0, rank));
      assertEquals(score(query, expected.get(rank)), found.score(0, rank));
    }
  }

  @Test
  void theStartIsUniformWithinThePublishedBoundAndDependsOnTheSeedAlone() {
    double bound = 1 / Math.sqrt(DIMENSION / 3.0);
    double square = 0;
    float[] values = bank.embeddings().toArray();
    for (float value : values) {
      assertTrue(Math.abs(value) <= bound);
      square += (double) value * value;
    }
    assertEquals(bound * bound / 3, square / values.length, bound * bound / 100);
    bank.fillRandom(6);
    assertTrue(values[0] != bank.embeddings().get(0));
    bank.fillRandom(5);
    assertArrayEquals(values, bank.embeddings().toArray());
  }

  @Test
  void manyThreadsMayAskAtOnce() throws Exception {
    float[] query = bank.get(3);
    List<Integer> expected = ranked(query).subList(0, 10);
    try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
      Callable<List<Integer>> ask =
          () -> {
            Neighbours found = bank.nearest(query, 10);
            return IntStream.range(0, 10).mapToObj(rank -> found.id(0, rank)).toList();
          };
      List<Future<List<Integer>>> answers = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        answers.add(threads.submit(ask));
      }
      for (Future<List<Integer>> answer : answers) {
        assertEquals(expected, answer.get());
      }
    }
  }

  @Test
  void savingAMappedBankToItsOwnFileKeepsItMapped(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("mapped.npy");
    try (MemoryBank rows = MemoryBank.create(3, 2, engine)) {
      rows.save(file);
    }
    Path link = Files.createSymbolicLink(folder.resolve("link.npy"), file);
    try (MemoryBank mapped = MemoryBank.map(file, true, engine)) {
      mapped.set(0, 1, 2);
      mapped.save(file);
      mapped.set(1, 3, 4);
      mapped.save(link);
      mapped.set(2, 5, 6);
    }
    try (MemoryBank read = MemoryBank.map(file, false, engine)) {
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, read.embeddings().toArray());
    }
  }

  @Test
  void resultsAreNotWrittenToMemoryThatIsReadOnlyOrAnInput(@TempDir Path folder) {
    Path file = folder.resolve("bank.npy");
    try (MemoryBank rows = MemoryBank.create(4, 3, engine)) {
      rows.fillRandom(1);
      rows.save(file);
    }
    try (MemoryBank mapped = MemoryBank.map(file, false, engine);
        FloatTensor norms = FloatTensor.allocate(4);
        FloatTensor unit = FloatTensor.allocate(2, 3);
        IntTensor anchors = IntTensor.of(new int[] {0, 1}, 2)) {
      FloatTensor rows = mapped.embeddings();
      List<Executable> writes =
          List.of(
              () -> engine.normalise(rows, rows, norms),
              () -> engine.fillRandom(rows, 1),
              () -> engine.updateBank(rows, anchors, unit, 0.5));
      for (Executable write : writes) {
        String message = assertThrows(IllegalArgumentException.class, write).getMessage();
        assertTrue(message.contains("mapped read-only"), message);
      }
    }
    try (FloatTensor bank = FloatTensor.of(new float[] {1, 0, 0, 1, 1, 1}, 3, 2);
        IntTensor ids = IntTensor.allocate(1, 2)) {
      FloatTensor query = bank.slice(0, 1);
      FloatTensor inside = FloatTensor.view(bank.segment().asSlice(8, 8), 1, 2);
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> engine.nearest(bank, query, BankEngine.Order.SIMILARITY, ids, inside))
              .getMessage();
      assertTrue(message.contains("computed from"), message);
    }
  }

  @Test
  void neighboursThatThereAreNotAreRefused() {
    Neighbours found = new Neighbours(3, new int[6], new float[6]);
    assertEquals(0, found.id(1, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> found.id(0, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> found.score(0, -1));
    assertThrows(IndexOutOfBoundsException.class, () -> found.id(2, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> found.score(-1, 3));
  }

  @Test
  void aSavedBankIsMappedBackWithTheSameRows(@TempDir Path folder) {
    Path file = folder.resolve("bank.npy");
    bank.save(file);
    try (MemoryBank mapped = MemoryBank.map(file, false, engine)) {
      assertEquals(ROWS, mapped.rows());
      assertEquals(DIMENSION, mapped.dimension());
      assertArrayEquals(bank.embeddings().toArray(), mapped.embeddings().toArray());
      assertEquals(bank.nearest(bank.get(1), 5).id(0, 4), mapped.nearest(bank.get(1), 5).id(0, 4));
      assertThrows(IllegalArgumentException.class, () -> mapped.set(0, new float[DIMENSION]));
      assertThrows(IllegalArgumentException.class, () -> mapped.fillRandom(1));
    }
    try (MemoryBank mapped = MemoryBank.map(file, true, engine)) {
      mapped.set(0, new float[DIMENSION]);
    }
    try (MemoryBank mapped = MemoryBank.map(file, false, engine)) {
      assertArrayEquals(new float[DIMENSION], mapped.get(0));
    }
  }

  @Test
  void aFileThatIsCutShortOrHoldsNanIsRefused(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("bank.npy");
    bank.embeddings().set(5L * DIMENSION, Float.NaN);
    bank.save(file);
    InvalidDataException nan =
        assertThrows(InvalidDataException.class, () -> MemoryBank.map(file, false, engine));
    assertEquals("bank row 5 holds a NaN or an infinity", nan.getMessage());
    byte[] bytes = Files.readAllBytes(file);
    for (int length : new int[] {0, 5, 9, 60, 128, bytes.length - 1}) {
      Files.write(file, java.util.Arrays.copyOf(bytes, length));
      InvalidDataException cut =
          assertThrows(InvalidDataException.class, () -> MemoryBank.map(file, false, engine));
      assertTrue(cut.getMessage().startsWith(file.toString()), cut.getMessage());
    }
  }

  @Test
  void wrongArgumentsAreNamed() {
    assertThrows(IllegalArgumentException.class, () -> bank.nearest(new float[3], 5));
    IllegalArgumentException tooMany =
        assertThrows(
            IllegalArgumentException.class, () -> bank.nearest(new float[DIMENSION], ROWS + 1));
    assertEquals(
        "count of nearest rows is 701, allowed: 1 to the bank's 700 rows", tooMany.getMessage());
    float[] nan = new float[DIMENSION];
    nan[4] = Float.NaN;
    assertThrows(InvalidDataException.class, () -> bank.nearest(nan, 5));
    assertThrows(IllegalArgumentException.class, () -> bank.set(0, nan));
    assertThrows(IllegalArgumentException.class, () -> bank.set(ROWS, new float[DIMENSION]));
  }

  @Test
  void useAfterCloseThrowsAndClosingTwiceDoesNot() {
    bank.close();
    bank.close();
    assertThrows(IllegalStateException.class, () -> bank.get(0));
    assertThrows(IllegalStateException.class, () -> bank.nearest(new float[DIMENSION], 1));
    engine.close();
    engine.close();
    try (MemoryBank other = MemoryBank.create(3, 2, engine)) {
      assertThrows(IllegalStateException.class, () -> other.nearest(new float[2], 1));
    }
  }

  @Test
  void closingFromAnotherThreadDuringASearchNeverReadsFreedMemory() throws Exception {
    try (ExecutorService other = Executors.newSingleThreadExecutor();
        FloatTensor queries = FloatTensor.allocate(64, DIMENSION)) {
      for (int trial = 0; trial < 30; trial++) {
        MemoryBank short_ = MemoryBank.create(ROWS, DIMENSION, engine);
        short_.fillRandom(trial);
        Future<?> closing = other.submit(() -> closeUntilClosed(short_));
        try {
          for (int i = 0; i < 20; i++) {
            short_.nearest(queries, 10);
          }
        } catch (IllegalStateException closed) {
          // What use after close is meant to throw.
        }
        closing.get();
      }
    }
  }

  // The memory of a running call cannot be closed; the attempt throws and may be repeated.
  private static void closeUntilClosed(MemoryBank bank) {
    while (true) {
      try {
        bank.close();
        return;
      } catch (IllegalStateException busy) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void theExactGraphHoldsEveryRowsNearestOthers() {
    try (NeighbourGraph graph = NeighbourGraph.build(bank, 6)) {
      Random random = new Random(1);
      for (int trial = 0; trial < 40; trial++) {
        int row = random.nextInt(ROWS);
        List<Integer> expected =
            ranked(bank.get(row)).stream().filter(id -> id != row).limit(6).toList();
        List<Integer> found =
            IntStream.range(0, 6).mapToObj(n -> graph.neighbours().get(row * 6L + n)).toList();
        assertEquals(expected, found);
      }
    }
  }

  @Test
  void theExactGraphReportsProgressAndRefusesTooManyNeighbours() {
    List<Integer> done = new ArrayList<>();
    try (NeighbourGraph graph = NeighbourGraph.build(bank, 3, (rows, total) -> done.add(rows))) {
      assertEquals(ROWS, graph.rows());
    }
    assertEquals(ROWS, done.get(done.size() - 1));
    assertThrows(IllegalArgumentException.class, () -> NeighbourGraph.build(bank, ROWS));
  }

  private List<Integer> ranked(float[] query) {
    return IntStream.range(0, ROWS)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(row -> -score(query, row))
                .thenComparing(row -> row))
        .toList();
  }

  private float score(float[] query, int row) {
    float sum = 0;
    float[] values = bank.get(row);
    for (int d = 0; d < DIMENSION; d++) {
      sum = Math.fma(query[d], values[d], sum);
    }
    return sum;
  }
}
