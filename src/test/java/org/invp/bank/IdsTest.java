package org.invp.bank;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ids that are no rows: every stage of every engine refuses them, at its next wait at the latest.
 */
class IdsTest {
  private static final int ROWS = 5;
  private static final int DIMENSION = 4;
  private static final int BATCH = 3;
  private static final int NEIGHBOURS = 2;

  static Stream<Arguments> badIds() {
    List<Integer> bad = List.of(-2, -7, ROWS, 99_999_999, Integer.MIN_VALUE, Integer.MAX_VALUE);
    return TestDevices.all().stream()
        .flatMap(device -> bad.stream().map(id -> Arguments.of(device, id)));
  }

  /** A bank, a graph and a batch of which the second anchor, and the fifth id, is {@code bad}. */
  private static final class Fixture implements AutoCloseable {
    final BankEngine engine;
    final MemoryBank bank;
    final NeighbourGraph graph;
    final IntTensor anchors;
    final IntTensor spoilt;
    final IntTensor lists;
    final IntTensor spoiltLists;
    final FloatTensor unit;
    final FloatTensor scores;

    Fixture(Device device, int bad) {
      engine = BankEngine.on(device, 2);
      bank = MemoryBank.create(ROWS, DIMENSION, engine);
      bank.fillRandom(1);
      graph = NeighbourGraph.create(ROWS, NEIGHBOURS, engine);
      anchors = ints(new int[] {0, 1, 2}, BATCH);
      spoilt = ints(new int[] {0, bad, 2}, BATCH);
      lists = ints(new int[] {0, 1, 2, 1, 3, 4, 0, 2, 4}, BATCH, BATCH);
      spoiltLists = ints(new int[] {0, 1, 2, 1, bad, 4, 0, 2, 4}, BATCH, BATCH);
      unit = engine.allocateFloats(BATCH, DIMENSION);
      scores = engine.allocateFloats(BATCH, BATCH);
    }

    private IntTensor ints(int[] values, long... shape) {
      IntTensor tensor = engine.allocateInts(shape);
      tensor.copyFrom(values);
      return tensor;
    }

    /** The call, or the wait behind it, throws. */
    void refused(Class<? extends RuntimeException> kind, Runnable call) {
      assertThrows(
          kind,
          () -> {
            call.run();
            engine.memory().await();
          });
      // What was refused is no fault of the next call.
      engine.memory().await();
    }

    @Override
    public void close() {
      List.of(scores, unit).forEach(FloatTensor::close);
      List.of(spoiltLists, lists, spoilt, anchors).forEach(IntTensor::close);
      graph.close();
      bank.close();
      engine.close();
    }
  }

  @ParameterizedTest
  @MethodSource("badIds")
  void ofScoresAndSumsAreRefused(Device device, int bad) {
    try (Fixture f = new Fixture(device, bad);
        FloatTensor sums = f.engine.allocateFloats(BATCH, DIMENSION);
        IntTensor counts = f.ints(new int[] {3, 3, 3}, BATCH)) {
      f.refused(
          IllegalArgumentException.class,
          () -> f.engine.score(f.bank.embeddings(), f.unit, f.spoiltLists, f.scores));
      f.refused(
          IllegalArgumentException.class,
          () ->
              f.engine.weightedRows(
                  f.bank.embeddings(), new WeightedRows(f.spoiltLists, f.scores, counts), sums));
      f.engine.score(f.bank.embeddings(), f.unit, f.lists, f.scores);
      f.engine.memory().await();
    }
  }

  @ParameterizedTest
  @MethodSource("badIds")
  void ofAnUpdateAreRefusedAndNothingIsWritten(Device device, int bad) {
    try (Fixture f = new Fixture(device, bad)) {
      float[] rows = f.bank.embeddings().toArray();
      f.refused(IllegalArgumentException.class, () -> f.bank.update(f.spoilt, f.unit, 0.5));
      for (IntTensor lists : List.of(f.lists, f.spoiltLists)) {
        IntTensor anchors = lists == f.lists ? f.spoilt : f.anchors;
        f.refused(
            IllegalArgumentException.class,
            () -> f.engine.updateGraph(f.graph.neighbours(), anchors, lists, f.scores, Mode.PAPER));
      }
      assertArrayEquals(rows, f.bank.embeddings().toArray());
      assertArrayEquals(new int[ROWS * NEIGHBOURS], f.graph.neighbours().toArray());
    }
  }

  @ParameterizedTest
  @MethodSource("badIds")
  void ofAWalkAndOfTheLossesAreRefused(Device device, int bad) {
    try (Fixture f = new Fixture(device, bad);
        IntTensor found = f.engine.allocateInts(BATCH, NEIGHBOURS);
        FloatTensor ones = f.engine.allocateFloats(BATCH);
        FloatTensor gradient = f.engine.allocateFloats(BATCH, DIMENSION)) {
      ones.copyFrom(1, 1, 1);
      for (Mode mode : Mode.values()) {
        f.refused(
            IllegalArgumentException.class,
            () -> f.engine.walk(f.graph.neighbours(), f.spoilt, 1, mode, found));
        for (int part = 0; part < 3; part++) {
          StepTensors step =
              new StepTensors(
                  part == 0 ? f.spoilt : f.anchors,
                  f.unit,
                  ones,
                  ones,
                  part == 1 ? f.spoiltLists : f.lists,
                  f.scores,
                  found,
                  part == 2 ? f.spoiltLists : f.lists,
                  f.scores);
          f.refused(
              IllegalArgumentException.class,
              () -> f.engine.objective(f.bank.embeddings(), step, mode, true, 0.1, 1, gradient));
        }
      }
    }
  }

  static List<Device> devices() {
    return TestDevices.all();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void embeddingsThatAreNotFiniteAreRefusedAndNothingIsWritten(Device device) {
    try (Fixture f = new Fixture(device, 1)) {
      float[] rows = f.bank.embeddings().toArray();
      f.unit.slice(1, 2).copyFrom(0, Float.NaN, 0, 0);
      f.refused(InvalidDataException.class, () -> f.bank.update(f.anchors, f.unit, 0.5));
      assertArrayEquals(rows, f.bank.embeddings().toArray());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aResultOverItsInputsIsRefused(Device device) {
    try (Fixture f = new Fixture(device, 1);
        IntTensor ids = f.ints(new int[BATCH * DIMENSION], BATCH, DIMENSION)) {
      FloatTensor rows = f.bank.embeddings().slice(0, BATCH);
      f.refused(
          IllegalArgumentException.class,
          () -> f.engine.score(f.bank.embeddings(), f.unit, ids, rows));
      f.refused(IllegalArgumentException.class, () -> f.bank.update(f.anchors, rows, 0.5));
    }
  }
}
