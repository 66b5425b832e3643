package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.eval.FeatureExtractor;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training with {@code training.bank_refresh: epoch}. */
@Tag("slow")
class BankRefreshTest {
  private static final int DIMENSION = 6;
  private static final String DONE = "refreshing the memory bank, 100 %";
  private static final double ROUNDING = 1e-5;

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
    "never, 1, 1, '', 2 3 4 5 6 7",
    "epoch, 1, 1, 2 3 4 5 6 7, 2 3 4 5 6 7",
    "epoch, 3, 1, 2 5, 2 3 4 5 6 7",
    "epoch, 1, 3, 2 3 4 5 6 7, 2 3 4 5 6 7",
    "epoch, 2, 3, 2 4 6, 2 4 5 6",
  })
  void theGraphFollowsEveryRefresh(
      String refresh, int every, int graphEvery, String refreshes, String rebuilds) {
    TrainingConfig config =
        config(
            "training.bank_refresh=" + refresh,
            "training.bank_refresh_every=" + every,
            "training.graph_every=" + graphEvery);
    assertEquals(refreshes, due(epoch -> BankRefresh.isDue(config, epoch)));
    assertEquals(rebuilds, due(epoch -> GraphRebuild.isDue(config, null, epoch)));
  }

  @Test
  void aLazyGraphIsRefused() {
    ConfigException refused =
        assertThrows(ConfigException.class, () -> config("training.graph=lazy"));
    assertEquals(
        "--set training.bank_refresh=epoch: training.bank_refresh is epoch, which needs"
            + " training.graph: epoch, or pixels",
        refused.getMessage());
  }

  @Test
  void everyRowBecomesTheEmbeddingOfItsImagesEvaluationView() {
    TinyRun.train(temp, config(), new Stopper(-1, DONE));
    float[] rows;
    float[] embeddings;
    try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
      assertEquals(new Position(2, 0, TinyRun.BATCHES), checkpoint.position());
      rows = bank(checkpoint);
      embeddings = embeddings(checkpoint);
    }
    for (int row = 0; row < TinyRun.TRAIN_IMAGES; row++) {
      double square = 0;
      for (int d = 0; d < DIMENSION; d++) {
        square += (double) embeddings[row * DIMENSION + d] * embeddings[row * DIMENSION + d];
      }
      for (int d = 0; d < DIMENSION; d++) {
        double expected = embeddings[row * DIMENSION + d] / Math.sqrt(square);
        assertEquals(expected, rows[row * DIMENSION + d], ROUNDING, "row " + row);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, TinyRun.BATCHES, TinyRun.BATCHES + 1, 3 * TinyRun.BATCHES - 1})
  void aRunThatIsStoppedAndResumedEndsWithTheSameBits(int step) throws IOException {
    assertEquals(Outcome.STOPPED, TinyRun.train(temp, config(), new Stopper(step, null)));
    assertEquals(Outcome.COMPLETE, TinyRun.train(temp, config(), new Stopper(-1, null)));
    assertSameEnd();
  }

  @ParameterizedTest
  @ValueSource(strings = {"refreshing the memory bank", DONE, "exact neighbour graph, 100 %"})
  void aRunThatIsStoppedWhileItRefreshesEndsWithTheSameBits(String phase) throws IOException {
    assertEquals(Outcome.STOPPED, TinyRun.train(temp, config(), new Stopper(-1, phase)));
    assertEquals(Outcome.COMPLETE, TinyRun.train(temp, config(), new Stopper(-1, null)));
    assertSameEnd();
  }

  @Test
  void theMetricsCountTheTimeOfTheRefresh() throws IOException {
    List<Double> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(unbroken.resolve("metrics.jsonl"))) {
      JsonNode node = JsonMapper.builder().build().readTree(line);
      if (node.has("refresh_seconds")) {
        seconds.add(node.get("refresh_seconds").asDouble());
      }
    }
    assertEquals(3, seconds.size());
    assertEquals(0, seconds.get(0));
    assertTrue(seconds.get(1) > 0 && seconds.get(2) > 0, seconds::toString);
  }

  @Test
  void theRefreshChangesWhatIsLearnt() throws IOException {
    TinyRun.train(temp, config("training.bank_refresh=never"), new Stopper(-1, null));
    assertFalse(
        Arrays.equals(
            Files.readAllBytes(unbroken.resolve("weights.safetensors")),
            Files.readAllBytes(temp.resolve("weights.safetensors"))));
  }

  private static String due(IntPredicate isDue) {
    return String.join(
        " ", IntStream.rangeClosed(1, 7).filter(isDue).mapToObj(Integer::toString).toList());
  }

  private static float[] bank(Checkpoint checkpoint) {
    try (FloatTensor rows = FloatTensor.allocate(TinyRun.TRAIN_IMAGES, DIMENSION)) {
      checkpoint.copyBank(rows);
      return rows.toArray();
    }
  }

  /** By the checkpoint's network, in batches of another size. */
  private static float[] embeddings(Checkpoint checkpoint) {
    TrainingConfig config = config();
    try (Network network = Network.create(Setup.networkOptions(config, 1), 0);
        ImageDataset images = Setup.trainingImages(config);
        FloatTensor rows = FloatTensor.allocate(TinyRun.TRAIN_IMAGES, DIMENSION)) {
      network.load(checkpoint.weights());
      new FeatureExtractor(network, Setup.evaluationView(config), 5, 1)
          .extract(images, null, rows, () -> {})
          .requireAny(images);
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
            List.of(
                "training.graph=epoch",
                "training.bank_refresh=epoch",
                "evaluation.every=0",
                "evaluation.baselines=false"));
    all.addAll(List.of(overrides));
    return ConfigFile.parse("tiny.yaml", TinyRun.yaml(data), all);
  }
}
