package org.invp.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.bank.TestDevices;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.ObjectiveOptions.Ramp;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Test;

/**
 * The engine's whole step against {@link BruteForceObjective}, on fresh random cases of every kind.
 */
class ObjectivePropertyTest {
  private static final int TRIALS = 60;
  private static final long DRAW = 0x5851F42D4C957F2DL;

  /** Where the step runs. */
  Device device() {
    return TestDevices.first();
  }

  /** Random cases of each kind. */
  int trials() {
    return TRIALS;
  }

  /** One random case. */
  @SuppressWarnings("ArrayRecordComponent") // Compared element by element.
  private record Case(
      float[][] bank,
      int[][] graph,
      int[] indices,
      float[][] embeddings,
      ObjectiveOptions options,
      double weight) {

    Case withOptions(ObjectiveOptions other) {
      return new Case(bank, graph, indices, embeddings, other, weight);
    }
  }

  @Test
  void randomCasesOfBothModesEqualTheDefinitions() {
    check((random, drawn) -> drawn);
  }

  @Test
  void scoresThatTieAreBrokenBySmallerId() {
    check(
        (random, drawn) -> {
          for (int row = 0; row < drawn.bank().length; row++) {
            drawn.bank()[row] = drawn.bank()[row % 3].clone();
          }
          return drawn;
        });
  }

  @Test
  void anImageRepeatedInTheBatchIsWrittenByItsLastOccurrence() {
    check(
        (random, drawn) -> {
          Arrays.fill(drawn.indices(), drawn.indices()[0]);
          return drawn;
        });
  }

  @Test
  void anAnchorWhoseNeighboursAreItselfHasNoPositives() {
    check(
        (random, drawn) -> {
          for (int row = 0; row < drawn.graph().length; row++) {
            Arrays.fill(drawn.graph()[row], row);
          }
          return drawn.options().mode() == Mode.PAPER
              ? drawn
              : drawn.withOptions(paper(drawn.options()));
        });
  }

  @Test
  void theEmptyGraphOfAFreshRunPointsEverybodyToImageZero() {
    check(
        (random, drawn) -> {
          for (int[] row : drawn.graph()) {
            Arrays.fill(row, 0);
          }
          return drawn;
        });
  }

  @Test
  void aGraphThatIsRebuiltPerEpochIsReadButNotWritten() {
    Case drawn = draw(new Random(6));
    try (Engine lazy = new Engine(drawn, device());
        Engine rebuilt = new Engine(drawn, GraphUpdate.EPOCH, device())) {
      assertEquals(lazy.step(), rebuilt.step());
      assertArrayEquals(lazy.gradient.toArray(), rebuilt.gradient.toArray());
      assertArrayEquals(lazy.bank.embeddings().toArray(), rebuilt.bank.embeddings().toArray());
      assertArrayEquals(flat(drawn.graph()), rebuilt.graph.neighbours().toArray());
    }
  }

  @Test
  void moreNegativesThanImagesIsAnErrorThatSaysSo() {
    Case drawn = draw(new Random(1));
    ObjectiveOptions tooMany =
        with(drawn.options(), drawn.options().mode(), drawn.bank().length + 1);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> engineStep(drawn.withOptions(tooMany)));
    assertTrue(e.getMessage().contains("objective.negatives"), e.getMessage());
  }

  @Test
  void aNanEmbeddingIsAnErrorAndWritesNothing() {
    Case drawn = draw(new Random(2));
    drawn.embeddings()[0][0] = Float.NaN;
    try (Engine engine = new Engine(drawn, device())) {
      InvalidDataException e = assertThrows(InvalidDataException.class, engine::step);
      assertTrue(e.getMessage().startsWith("embedding 0 "), e.getMessage());
      assertArrayEquals(flat(drawn.bank()), engine.bank.embeddings().toArray());
    }
  }

  @Test
  void aZeroEmbeddingIsAnError() {
    Case drawn = draw(new Random(3));
    Arrays.fill(drawn.embeddings()[0], 0);
    InvalidDataException e = assertThrows(InvalidDataException.class, () -> engineStep(drawn));
    assertEquals("embedding 0 has norm 0", e.getMessage());
  }

  @Test
  void anImageOutsideTheBankIsAnError() {
    Case drawn = draw(new Random(4));
    drawn.indices()[0] = drawn.bank().length;
    assertThrows(IllegalArgumentException.class, () -> engineStep(drawn));
  }

  /** Bends a drawn case towards the property under test. */
  private interface Bend {
    Case apply(RandomGenerator random, Case drawn);
  }

  private void check(Bend bend) {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int trial = 0; trial < trials(); trial++) {
      Case drawn = bend.apply(random, draw(random));
      String where = "seed " + seed + " trial " + trial + ": " + drawn.options();
      BruteForceObjective.Step expected =
          new BruteForceObjective(drawn.bank(), drawn.graph(), drawn.options())
              .step(drawn.indices(), drawn.embeddings(), drawn.weight(), DRAW);
      try (Engine engine = new Engine(drawn, device())) {
        StepResult actual = engine.step();
        assertEquals(expected.lossIns(), actual.lossIns(), 2e-5 * (1 + expected.lossIns()), where);
        assertEquals(
            expected.lossInv(), actual.lossInv(), 2e-5 * (1 + Math.abs(expected.lossInv())), where);
        assertGradient(expected.gradient(), engine.gradient.toArray(), where);
        assertPositives(expected.positives(), engine.objective.positives().toArray(), where);
        assertArrayEquals(flat(expected.graphAfter()), engine.graph.neighbours().toArray(), where);
        assertBank(drawn, expected, engine.bank, where);
      }
    }
  }

  private static void assertGradient(double[][] expected, float[] actual, String where) {
    double difference = 0;
    double norm = 0;
    int i = 0;
    for (double[] row : expected) {
      for (double value : row) {
        difference += (actual[i] - value) * (actual[i] - value);
        norm += value * value;
        i++;
      }
    }
    double tolerance = 1e-4 * Math.sqrt(norm) + 1e-6;
    assertTrue(
        Math.sqrt(difference) <= tolerance, where + ": gradient off by " + Math.sqrt(difference));
  }

  private static void assertPositives(List<List<Integer>> expected, int[] actual, String where) {
    int width = actual.length / expected.size();
    for (int b = 0; b < expected.size(); b++) {
      List<Integer> found =
          Arrays.stream(actual, b * width, (b + 1) * width).filter(id -> id >= 0).boxed().toList();
      assertEquals(expected.get(b), found, where);
    }
  }

  // Where row and embedding point against each other, what is left of the blend is mostly rounding.
  private static void assertBank(
      Case drawn, BruteForceObjective.Step expected, MemoryBank bank, String where) {
    for (int row = 0; row < drawn.bank().length; row++) {
      float[] actual = bank.get(row);
      double[] after = expected.bankAfter()[row];
      double tolerance = after == null ? 0 : 1e-6 / Math.min(1, expected.blendNorms()[row]);
      for (int d = 0; d < actual.length; d++) {
        double wanted = after == null ? drawn.bank()[row][d] : after[d];
        assertEquals(wanted, actual[d], tolerance, where);
      }
    }
  }

  private StepResult engineStep(Case drawn) {
    try (Engine engine = new Engine(drawn, device())) {
      return engine.step();
    }
  }

  /** A case loaded into a bank, a graph and an objective. */
  private static final class Engine implements AutoCloseable {
    private final Case drawn;
    private final BankEngine threads;
    private final MemoryBank bank;
    private final NeighbourGraph graph;
    private final FloatTensor gradient;
    private final InvariancePropagation objective;

    Engine(Case drawn, Device device) {
      this(drawn, GraphUpdate.LAZY, device);
    }

    Engine(Case drawn, GraphUpdate graphUpdate, Device device) {
      this.drawn = drawn;
      threads = BankEngine.on(device, 2);
      int dimension = drawn.bank()[0].length;
      bank = MemoryBank.create(drawn.bank().length, dimension, threads);
      bank.embeddings().copyFrom(flat(drawn.bank()));
      graph = NeighbourGraph.create(drawn.bank().length, drawn.options().neighbours(), threads);
      graph.neighbours().copyFrom(flat(drawn.graph()));
      gradient = FloatTensor.allocate(drawn.indices().length, dimension);
      try {
        objective = new InvariancePropagation(bank, graph, drawn.options(), graphUpdate);
      } catch (RuntimeException e) {
        closeBorrowed();
        throw e;
      }
    }

    private void closeBorrowed() {
      gradient.close();
      graph.close();
      bank.close();
      threads.close();
    }

    StepResult step() {
      int batch = drawn.indices().length;
      try (IntTensor indices = IntTensor.of(drawn.indices(), batch);
          FloatTensor embeddings =
              FloatTensor.of(flat(drawn.embeddings()), batch, bank.dimension())) {
        return objective.step(indices, embeddings, drawn.weight(), DRAW, gradient);
      }
    }

    @Override
    public void close() {
      objective.close();
      closeBorrowed();
    }
  }

  private static Case draw(RandomGenerator random) {
    int rows = random.nextInt(12, 90);
    int dimension = random.nextInt(2, 20);
    int batch = random.nextInt(1, 6);
    int neighbours = random.nextInt(1, 5);
    float[][] bank = gaussian(random, rows, dimension, 1 / Math.sqrt(dimension));
    float[][] embeddings = gaussian(random, batch, dimension, 3);
    int[][] graph = new int[rows][neighbours];
    for (int[] row : graph) {
      Arrays.setAll(row, n -> random.nextInt(rows));
    }
    int[] indices = new int[batch];
    Arrays.setAll(indices, b -> random.nextInt(rows));
    ObjectiveOptions options =
        new ObjectiveOptions(
            random.nextBoolean() ? Mode.PAPER : Mode.OFFICIAL,
            random.nextDouble(0.1, 0.6),
            random.nextInt(neighbours + 1, rows + 1),
            random.nextInt(1, 12),
            neighbours,
            random.nextInt(1, 4),
            random.nextBoolean(),
            Selection.values()[random.nextInt(3)],
            0.6,
            Ramp.CONSTANT,
            0,
            BankStart.RANDOM,
            random.nextDouble());
    return new Case(bank, graph, indices, embeddings, options, 0.6);
  }

  private static ObjectiveOptions paper(ObjectiveOptions options) {
    return with(options, Mode.PAPER, options.negatives());
  }

  private static ObjectiveOptions with(ObjectiveOptions options, Mode mode, int negatives) {
    return new ObjectiveOptions(
        mode,
        options.temperature(),
        negatives,
        options.positives(),
        options.neighbours(),
        options.steps(),
        options.exclusive(),
        options.selection(),
        options.lambda(),
        options.ramp(),
        options.rampEpochs(),
        options.bankStart(),
        options.bankMomentum());
  }

  private static float[][] gaussian(RandomGenerator random, int rows, int columns, double scale) {
    float[][] values = new float[rows][columns];
    for (float[] row : values) {
      for (int d = 0; d < columns; d++) {
        row[d] = (float) (random.nextGaussian() * scale);
      }
    }
    return values;
  }

  private static float[] flat(float[][] rows) {
    float[] all = new float[rows.length * rows[0].length];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(rows[row], 0, all, row * rows[0].length, rows[0].length);
    }
    return all;
  }

  private static int[] flat(int[][] rows) {
    return Arrays.stream(rows).flatMapToInt(Arrays::stream).toArray();
  }
}
