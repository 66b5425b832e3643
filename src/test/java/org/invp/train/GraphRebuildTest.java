package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.DataLoader;
import org.invp.data.ImageDataset;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training with {@code training.graph: epoch}. */
class GraphRebuildTest {
  private static final int NEIGHBOURS = 2;
  private static final int DIMENSION = 6;
  private static final String DONE = "exact neighbour graph, 100 %";

  @TempDir static Path shared;
  private static Path data;
  private static Path unbroken;

  @TempDir Path temp;

  @BeforeAll
  static void trainWithoutABreak() {
    data = TinyRun.writeData(shared.resolve("data"));
    unbroken = shared.resolve("unbroken");
    assertEquals(Outcome.COMPLETE, TinyRun.train(unbroken, config(), new Stopper(-1, null)));
  }

  @ParameterizedTest
  @CsvSource({
    "lazy,   random,   1, ''",
    "epoch,  random,   1, 2 3 4 5 6 7",
    "epoch,  random,   3, 2 5",
    "epoch,  features, 1, 1 2 3 4 5 6 7",
    "epoch,  features, 3, 1 4 7",
    "pixels, random,   1, 1",
    "pixels, features, 2, 1",
  })
  void theGraphIsRebuiltFromTheFirstEpochThatBeginsWithEmbeddings(
      String graph, String start, int every, String expected) {
    TrainingConfig config =
        config(
            "training.graph=" + graph,
            "objective.bank_start=" + start,
            "training.graph_every=" + every);
    List<String> due =
        IntStream.rangeClosed(1, 7)
            .filter(epoch -> GraphRebuild.isDue(config, null, epoch))
            .mapToObj(Integer::toString)
            .toList();
    assertEquals(expected, String.join(" ", due));
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        1,
        TinyRun.BATCHES,
        TinyRun.BATCHES + 1,
        TinyRun.BATCHES + 3,
        2 * TinyRun.BATCHES,
        3 * TinyRun.BATCHES - 1
      })
  void aRunThatIsStoppedAndResumedEndsWithTheSameBits(int step) throws IOException {
    assertEquals(Outcome.STOPPED, TinyRun.train(temp, config(), new Stopper(step, null)));
    assertEquals(Outcome.COMPLETE, TinyRun.train(temp, config(), new Stopper(-1, null)));
    assertSameEnd();
  }

  @Test
  void aRunThatIsStoppedWhileItRebuildsEndsWithTheSameBits() throws IOException {
    assertEquals(Outcome.STOPPED, TinyRun.train(temp, config(), new Stopper(-1, DONE)));
    assertEquals(Outcome.COMPLETE, TinyRun.train(temp, config(), new Stopper(-1, null)));
    assertSameEnd();
  }

  @Test
  void theRebuiltGraphEqualsBruteForceOverTheBankAndNoStepChangesIt() {
    TinyRun.train(temp, config(), new Stopper(-1, DONE));
    float[] bank;
    int[] graph;
    try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
      assertEquals(new Position(2, 0, TinyRun.BATCHES), checkpoint.position());
      bank = bank(checkpoint);
      graph = graph(checkpoint);
    }
    assertArrayEquals(bruteForce(bank), graph);

    TinyRun.train(temp, config(), new Stopper(2 * TinyRun.BATCHES - 1, null));
    try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
      assertArrayEquals(graph, graph(checkpoint));
    }
  }

  @Test
  void theGraphOfRawPixelsEqualsBruteForceAndStays() {
    TrainingConfig config = config("training.graph=pixels", "training.bank_refresh=epoch");
    int[] expected = bruteForce(unit(pixels(config)));
    for (int step : new int[] {1, 2 * TinyRun.BATCHES + 1}) {
      TinyRun.train(temp, config, new Stopper(step, null));
      try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
        assertArrayEquals(expected, graph(checkpoint), "step " + step);
      }
    }
  }

  @Test
  void aRunOnThePixelsGraphThatIsStoppedWhileItIsBuiltEndsWithTheSameBits() throws IOException {
    TrainingConfig config = config("training.graph=pixels");
    Path whole = temp.resolve("whole");
    Path stopped = temp.resolve("stopped");
    TinyRun.train(whole, config, new Stopper(-1, null));
    assertEquals(
        Outcome.STOPPED,
        TinyRun.train(stopped, config, new Stopper(-1, "neighbour graph of the raw pixels, 100")));
    TinyRun.train(stopped, config, new Stopper(3, null));
    TinyRun.train(stopped, config, new Stopper(-1, null));
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("checkpoint.safetensors")),
        Files.readAllBytes(stopped.resolve("checkpoint.safetensors")));
  }

  private static float[] pixels(TrainingConfig config) {
    int columns = TinyRun.SIDE * TinyRun.SIDE;
    float[] pixels = new float[TinyRun.TRAIN_IMAGES * columns];
    try (ImageDataset images = Setup.trainingImages(config);
        DataLoader loader =
            new DataLoader(images, Setup.knnProtocol(config).rawView(), 1, 1, 0, true)) {
      loader.start(0, 0);
      for (int row = 0; row < TinyRun.TRAIN_IMAGES; row++) {
        System.arraycopy(loader.next().images().toArray(), 0, pixels, row * columns, columns);
      }
    }
    return pixels;
  }

  private static float[] unit(float[] rows) {
    int columns = rows.length / TinyRun.TRAIN_IMAGES;
    float[] unit = new float[rows.length];
    for (int row = 0; row < TinyRun.TRAIN_IMAGES; row++) {
      double square = 0;
      for (int c = row * columns; c < (row + 1) * columns; c++) {
        square += (double) rows[c] * rows[c];
      }
      for (int c = row * columns; c < (row + 1) * columns; c++) {
        unit[c] = (float) (rows[c] / Math.sqrt(square));
      }
    }
    return unit;
  }

  @Test
  void beforeTheFirstRebuildTheGraphStaysEmpty() {
    TinyRun.train(temp, config(), new Stopper(TinyRun.BATCHES - 1, null));
    try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
      assertArrayEquals(new int[TinyRun.TRAIN_IMAGES * NEIGHBOURS], graph(checkpoint));
    }
  }

  @Test
  void aBankThatStartsWithFeaturesHasItsGraphBeforeTheFirstStep() {
    TrainingConfig config = config("objective.bank_start=features");
    TinyRun.train(temp, config, new Stopper(-1, DONE));
    try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
      assertEquals(Position.START, checkpoint.position());
      assertArrayEquals(bruteForce(bank(checkpoint)), graph(checkpoint));
    }
  }

  @Test
  void theEpochsMetricsCountTheTimeOfTheRebuild() throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(unbroken.resolve("metrics.jsonl"))) {
      if (line.contains("graph_seconds")) {
        seconds.add(JsonMapper.builder().build().readTree(line).get("graph_seconds").asDouble());
      }
    }
    assertEquals(3, seconds.size());
    assertEquals(0, seconds.get(0));
    assertTrue(seconds.get(1) > 0 && seconds.get(2) > 0, seconds::toString);
  }

  /** Every row's most similar others by the definition of the score. */
  private static int[] bruteForce(float[] bank) {
    int[] graph = new int[TinyRun.TRAIN_IMAGES * NEIGHBOURS];
    for (int row = 0; row < TinyRun.TRAIN_IMAGES; row++) {
      int self = row;
      List<Integer> others =
          IntStream.range(0, TinyRun.TRAIN_IMAGES)
              .filter(id -> id != self)
              .boxed()
              .sorted(
                  Comparator.<Integer>comparingDouble(id -> -score(bank, self, id))
                      .thenComparing(id -> id))
              .toList();
      for (int n = 0; n < NEIGHBOURS; n++) {
        graph[row * NEIGHBOURS + n] = others.get(n);
      }
    }
    return graph;
  }

  private static float score(float[] bank, int query, int row) {
    int dimension = bank.length / TinyRun.TRAIN_IMAGES;
    float sum = 0;
    for (int d = 0; d < dimension; d++) {
      sum = Math.fma(bank[query * dimension + d], bank[row * dimension + d], sum);
    }
    return sum;
  }

  private static float[] bank(Checkpoint checkpoint) {
    try (FloatTensor rows = FloatTensor.allocate(TinyRun.TRAIN_IMAGES, DIMENSION)) {
      checkpoint.copyBank(rows);
      return rows.toArray();
    }
  }

  private static int[] graph(Checkpoint checkpoint) {
    try (IntTensor rows = IntTensor.allocate(TinyRun.TRAIN_IMAGES, NEIGHBOURS)) {
      checkpoint.copyGraph(rows);
      return rows.toArray();
    }
  }

  private void assertSameEnd() throws IOException {
    assertArrayEquals(
        Files.readAllBytes(unbroken.resolve("checkpoint.safetensors")),
        Files.readAllBytes(temp.resolve("checkpoint.safetensors")));
  }

  private static TrainingConfig config(String... overrides) {
    List<String> all =
        new ArrayList<>(
            List.of("training.graph=epoch", "evaluation.every=0", "evaluation.baselines=false"));
    all.addAll(List.of(overrides));
    return ConfigFile.parse("tiny.yaml", TinyRun.yaml(data), all);
  }
}
