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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class TrainerTest {
  private static final int STEPS = 3 * TinyRun.BATCHES;
  private static final List<String> WALK =
      List.of(
          "walk_size",
          "walk_right",
          "positives_right",
          "easiest_right",
          "walk_similarity",
          "walk_beyond_nearest",
          "class_covered",
          "staleness",
          "graph_agreement",
          "walk_seconds");

  @TempDir static Path shared;
  private static Path data;
  private static Path unbroken;

  @TempDir Path temp;

  @BeforeAll
  static void trainWithoutABreak() {
    data = TinyRun.writeData(shared.resolve("data"));
    unbroken = shared.resolve("unbroken");
    assertEquals(Outcome.COMPLETE, train(unbroken, config(), stopAfter(-1)));
  }

  @Test
  void theSameSettingsGiveTheSameBits() throws IOException {
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertSameRun(temp);
  }

  @Test
  void theNumberOfWorkersChangesNothing() throws IOException {
    train(temp, config("data.workers=1"), stopAfter(-1));
    assertSameTensors(temp);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, TinyRun.BATCHES, TinyRun.BATCHES + 2, 2 * TinyRun.BATCHES, STEPS})
  void aRunThatIsStoppedAndResumedEndsWithTheSameBits(int step) throws IOException {
    assertEquals(Outcome.STOPPED, train(temp, config(), stopAfter(step)));
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertSameRun(temp);
  }

  @Test
  void severalThreadsRepeatTheirBitsToo() throws IOException {
    TrainingConfig config = config("training.threads=2");
    train(temp.resolve("a"), config, stopAfter(-1));
    train(temp.resolve("b"), config, stopAfter(TinyRun.BATCHES + 2));
    train(temp.resolve("b"), config, stopAfter(-1));
    assertArrayEquals(
        Files.readAllBytes(temp.resolve("a/checkpoint.safetensors")),
        Files.readAllBytes(temp.resolve("b/checkpoint.safetensors")));
  }

  @Test
  void aRunThatIsStoppedAtEveryStepEndsWithTheSameBits() throws IOException {
    for (int step = 1; step <= STEPS; step++) {
      assertEquals(Outcome.STOPPED, train(temp, config(), stopAfter(step)));
    }
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertSameRun(temp);
  }

  @Test
  void aRunThatIsStoppedWhileItEvaluatesEndsWithTheSameBits() throws IOException {
    for (String phase : List.of("untrained", "kNN", "trained", "pixels")) {
      StopRequest stop = new StopRequest();
      TrainingListener listener =
          new TrainingListener() {
            @Override
            public void phase(String what) {
              if (what.contains(phase)) {
                stop.request();
              }
            }
          };
      assertEquals(Outcome.STOPPED, train(temp, config(), stop, listener), phase);
    }
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertSameRun(temp);
  }

  @Test
  void aRunThatCrashedGoesOnFromItsLastCheckpoint() throws IOException {
    TrainingConfig often = config("training.checkpoint_every_steps=4");
    StepCounter crash =
        new StepCounter(
            11,
            () -> {
              throw new IllegalStateException("crash");
            });
    assertThrows(IllegalStateException.class, () -> train(temp, often, new StopRequest(), crash));
    assertEquals(Outcome.COMPLETE, train(temp, often, stopAfter(-1)));
    assertSameTensors(temp);
  }

  @Test
  void aFinishedRunThatIsResumedOnlyEvaluatesAgain() throws IOException {
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertSameRun(temp);
  }

  @Test
  void metricsHaveOneLinePerEpochAndALastOne() throws IOException {
    List<JsonNode> lines = metrics(unbroken);
    assertEquals(4, lines.size());
    for (int epoch = 1; epoch <= 3; epoch++) {
      JsonNode line = lines.get(epoch - 1);
      assertEquals(epoch, line.get("epoch").asInt());
      assertEquals(TinyRun.TRAIN_IMAGES, line.get("images").asInt());
      assertTrue(line.get("bank_knn").isNumber());
      assertTrue(line.get("loss").asDouble() > 0);
      assertEquals(epoch == 1 ? 0 : 0.6, line.get("invariance_weight").asDouble());
      for (String key : WALK) {
        assertTrue(line.get(key).isNumber(), key);
      }
    }
    JsonNode last = lines.get(3);
    assertTrue(last.get("final").asBoolean());
    for (String key : List.of("pixel_knn", "untrained_knn", "embedding_knn", "backbone_knn")) {
      assertTrue(last.get(key).isNumber(), key);
      JsonNode byK = last.get(key + "_by_k");
      assertEquals(Set.of("1", "5", "20"), ks(byK), key);
      assertEquals(last.get(key), byK.get("5"), key);
    }
    assertEquals(Set.of("1", "5", "20"), ks(last.get("untrained_backbone_knn_by_k")));
    assertEquals(9, last.get("classes").asInt(), "of which test images show nine");
  }

  private static Set<String> ks(JsonNode byK) {
    return byK.properties().stream().map(Map.Entry::getKey).collect(Collectors.toSet());
  }

  @Test
  void whatTheUntrainedNetworkReachedIsKeptThoughTheKsChange() throws IOException {
    train(temp, config(), stopAfter(2));
    train(temp, config("evaluation.k=3", "evaluation.also_k=[]"), stopAfter(-1));
    JsonNode last = metrics(temp).get(3);
    JsonNode unbrokenLast = metrics(unbroken).get(3);
    assertEquals(unbrokenLast.get("untrained_knn_by_k"), last.get("untrained_knn_by_k"));
    assertTrue(last.get("untrained_knn").isNull(), "not measured at k = 3");
    assertEquals(Set.of("3"), ks(last.get("embedding_knn_by_k")));
  }

  @Test
  void aCheckpointOfAnOlderVersionHasTheUntrainedAccuracyAtItsOwnK() throws IOException {
    train(temp, config(), stopAfter(2));
    Path path = temp.resolve("checkpoint.safetensors");
    try (TensorFile file = Safetensors.read(path)) {
      Map<String, String> older = new HashMap<>(file.metadata());
      older.keySet().removeIf(key -> key.startsWith("untrained"));
      older.put("untrained_knn", "0.25");
      Safetensors.write(path, older, file.tensors());
    }
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    JsonNode last = metrics(temp).get(3);
    assertEquals(0.25, last.get("untrained_knn").asDouble());
    assertEquals("{\"5\":0.25}", last.get("untrained_knn_by_k").toString());
    assertTrue(last.get("untrained_backbone_knn_by_k").isNull());
    String verdict = RunVerdict.read(temp).orElseThrow().text();
    String missing = "could not be compared with the untrained network: measured at k = 5 only";
    assertTrue(verdict.contains(missing), verdict);
  }

  @Test
  void stepsAreLoggedWhenAskedFor() throws IOException {
    train(temp, config("training.log_every=4"), stopAfter(-1));
    assertEquals(
        List.of(4, 8, 12, 16),
        metrics(temp).stream()
            .filter(line -> line.has("step"))
            .map(line -> line.get("step").asInt())
            .toList());
  }

  @Test
  void bothModesAndBothStartsTrain() {
    train(temp.resolve("a"), config("objective.mode=official"), stopAfter(-1));
    train(temp.resolve("b"), config("objective.bank_start=features"), stopAfter(-1));
    train(temp.resolve("c"), config("evaluation.features=recomputed"), stopAfter(-1));
    train(temp.resolve("d"), config("evaluation.baselines=false"), stopAfter(-1));
  }

  @Test
  void aLossThatIsNoNumberStopsTheRunAndKeepsTheLastGoodCheckpoint() {
    TrainingConfig wild =
        config(
            "optimizer.learning_rate=1e30",
            "optimizer.warmup_steps=0",
            "network.head_batch_norm=false",
            "training.checkpoint_every_steps=1");
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> train(temp, wild, stopAfter(-1)));
    assertTrue(failure.getMessage().contains("diverged"), failure.getMessage());
    assertFalse(failure.getMessage().contains("\n"));
    try (Checkpoint checkpoint = Checkpoint.read(temp.resolve("checkpoint.safetensors"))) {
      assertTrue(checkpoint.position().step() >= 1);
    }
  }

  @Test
  void aCollapseIsWarnedOf() throws IOException {
    Path flat = temp.resolve("flat");
    TinyRun.writeData(flat);
    byte[] images = Files.readAllBytes(flat.resolve("train-images-idx3-ubyte"));
    Arrays.fill(images, 16, images.length, (byte) 200);
    Files.write(flat.resolve("train-images-idx3-ubyte"), images);
    List<String> warnings = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void warning(String message) {
            warnings.add(message);
          }
        };
    TrainingConfig config =
        config(
            "data.path=" + flat,
            "training.epochs=1",
            "network.head_batch_norm=false",
            "network.initialisation=default",
            "augmentation.brightness=0",
            "augmentation.contrast=0");
    train(temp.resolve("run"), config, new StopRequest(), listener);
    assertEquals(1, warnings.size(), warnings::toString);
    assertTrue(warnings.get(0).contains("collapsed"), warnings::toString);
  }

  @Test
  void aLossThatStartsOnNoiseIsWarnedOfOnce() {
    List<String> warnings = new ArrayList<>();
    for (int stop : new int[] {TinyRun.BATCHES, TinyRun.BATCHES + 2, 2 * TinyRun.BATCHES, -1}) {
      StepCounter counter = stopAfter(stop);
      train(temp, config(), counter.stop, new Warnings(warnings, counter));
    }
    assertEquals(1, warnings.size(), warnings::toString);
    assertTrue(
        warnings.get(0).startsWith("the invariance loss starts in epoch 2, but"),
        warnings::toString);
  }

  /** The stop comes after the warning and before the epoch's first step. */
  @Test
  void aRunThatIsStoppedRightAfterTheWarningDoesNotRepeatIt() throws IOException {
    List<String> warnings = new ArrayList<>();
    StopRequest stop = new StopRequest();
    TrainingListener stopper =
        new TrainingListener() {
          @Override
          public void warning(String message) {
            warnings.add(message);
            stop.request();
          }
        };
    TrainingConfig patient = config("training.checkpoint_every_epochs=3");
    assertEquals(Outcome.STOPPED, train(temp, patient, stop, stopper));
    assertEquals(
        Outcome.COMPLETE, train(temp, patient, new StopRequest(), new Warnings(warnings, null)));
    assertEquals(1, warnings.size(), warnings::toString);
    assertSameTensors(temp);
  }

  @Test
  void nobodyIsWarnedOfALossThatNeverStarts() {
    List<String> warnings = new ArrayList<>();
    train(temp, config("objective.lambda=0"), new StopRequest(), new Warnings(warnings, null));
    assertEquals(List.of(), warnings);
  }

  /** Collects warnings. */
  private static final class Warnings implements TrainingListener {
    private final List<String> all;
    private final StepCounter counter; // or null

    Warnings(List<String> all, StepCounter counter) {
      this.all = all;
      this.counter = counter;
    }

    @Override
    public void warning(String message) {
      all.add(message);
    }

    @Override
    public void stepDone(StepMetrics metrics, int images, double meanLoss) {
      if (counter != null) {
        counter.stepDone(metrics, images, meanLoss);
      }
    }
  }

  @Test
  void otherSettingsAreRefusedOnResume() {
    train(temp, config(), stopAfter(2));
    ConfigException failure =
        assertThrows(
            ConfigException.class,
            () -> train(temp, config("objective.temperature=0.5"), stopAfter(-1)));
    assertTrue(
        failure.getMessage().startsWith("objective.temperature is 0.5"), failure::getMessage);
  }

  @Test
  void anotherNumberOfThreadsIsAnnouncedOnResume() {
    train(temp, config("objective.lambda=0"), stopAfter(2));
    List<String> warnings = new ArrayList<>();
    train(
        temp,
        config("objective.lambda=0", "training.threads=2"),
        new StopRequest(),
        new TrainingListener() {
          @Override
          public void warning(String message) {
            warnings.add(message);
          }
        });
    assertEquals(
        List.of("the bits may differ from an unbroken run: threads was 1, is 2"), warnings);
  }

  @Test
  void aDamagedCheckpointIsNamed() throws IOException {
    train(temp, config(), stopAfter(2));
    Path path = temp.resolve("checkpoint.safetensors");
    byte[] bytes = damage(path);
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> train(temp, config(), stopAfter(-1)));
    assertTrue(failure.getMessage().contains(path.toString()), failure::getMessage);
    assertArrayEquals(bytes, Files.readAllBytes(path));
  }

  @Test
  void theLastTwoCheckpointsAndTheBestAreKept() throws IOException {
    List<Double> accuracies =
        metrics(unbroken).stream()
            .filter(line -> line.has("bank_knn"))
            .map(line -> line.get("bank_knn").asDouble())
            .toList();
    int best = 0;
    for (int epoch = 1; epoch < accuracies.size(); epoch++) {
      if (accuracies.get(epoch) > accuracies.get(best)) {
        best = epoch;
      }
    }
    // A checkpoint is of the epoch that comes next, counted from 1.
    assertEquals(4, epochOf(unbroken.resolve("checkpoint.safetensors")));
    assertEquals(3, epochOf(unbroken.resolve("checkpoint-previous.safetensors")));
    assertEquals(best + 2, epochOf(unbroken.resolve("checkpoint-best.safetensors")));
  }

  @Test
  void aRunThatIsStoppedRightAfterACheckpointKeepsTheOneBefore() {
    StopRequest stop = new StopRequest();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void phase(String what) {
            if (what.contains("trained embedding")) {
              stop.request();
            }
          }
        };
    assertEquals(Outcome.STOPPED, train(temp, config(), stop, listener));
    assertEquals(4, epochOf(temp.resolve("checkpoint.safetensors")));
    assertEquals(3, epochOf(temp.resolve("checkpoint-previous.safetensors")));
  }

  private static int epochOf(Path path) {
    try (Checkpoint checkpoint = Checkpoint.read(path)) {
      return checkpoint.position().epoch();
    }
  }

  @Test
  void aRunThatGoesBackToThePreviousCheckpointEndsWithTheSameBits() throws IOException {
    train(temp, config(), stopAfter(2 * TinyRun.BATCHES + 2));
    damage(temp.resolve("checkpoint.safetensors"));
    new CheckpointFiles(temp).goBackTo(CheckpointFiles.Which.PREVIOUS);
    assertEquals(Outcome.COMPLETE, train(temp, config(), stopAfter(-1)));
    assertSameRun(temp);
  }

  @Test
  void aMissingCheckpointIsNoFreshStartWhereThePreviousOneIsThere() throws IOException {
    train(temp, config(), stopAfter(2 * TinyRun.BATCHES));
    Files.delete(temp.resolve("checkpoint.safetensors"));
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> train(temp, config(), stopAfter(-1)));
    assertTrue(
        failure.getMessage().endsWith("--resume --checkpoint previous"), failure::getMessage);
  }

  private static byte[] damage(Path path) throws IOException {
    byte[] bytes = Files.readAllBytes(path);
    bytes[bytes.length - 5] ^= 1;
    Files.write(path, bytes);
    return bytes;
  }

  @Test
  void anotherDataSetIsRefusedOnResume() {
    train(temp, config("data.limit=20"), stopAfter(2));
    assertThrows(ConfigException.class, () -> train(temp, config(), stopAfter(-1)));
  }

  private static Outcome train(Path folder, TrainingConfig config, StepCounter counter) {
    return train(folder, config, counter.stop, counter);
  }

  private static Outcome train(
      Path path, TrainingConfig config, StopRequest stop, TrainingListener listener) {
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(path, Existing.RESUME);
        Trainer trainer = new Trainer(config, folder, images, stop, listener)) {
      return trainer.run();
    }
  }

  private static StepCounter stopAfter(int step) {
    StepCounter counter = new StepCounter(step, null);
    counter.action = counter.stop::request;
    return counter;
  }

  /** Does something after a certain step of the run. */
  private static final class StepCounter implements TrainingListener {
    private final StopRequest stop = new StopRequest();
    private final int step;
    private Runnable action;

    StepCounter(int step, Runnable action) {
      this.step = step;
      this.action = action;
    }

    @Override
    public void stepDone(StepMetrics metrics, int images, double meanLoss) {
      if (metrics.step() == step) {
        action.run();
      }
    }
  }

  private static TrainingConfig config(String... overrides) {
    return ConfigFile.parse("tiny.yaml", TinyRun.yaml(data), List.of(overrides));
  }

  /** Equal checkpoints byte for byte, and equal metrics but for the times. */
  private static void assertSameRun(Path folder) throws IOException {
    List<JsonNode> expected = metrics(unbroken);
    List<JsonNode> actual = metrics(folder);
    assertEquals(expected.size(), actual.size());
    IntStream.range(0, expected.size())
        .forEach(line -> assertEquals(timeless(expected.get(line)), timeless(actual.get(line))));
    assertArrayEquals(
        Files.readAllBytes(unbroken.resolve("checkpoint.safetensors")),
        Files.readAllBytes(folder.resolve("checkpoint.safetensors")));
  }

  private static void assertSameTensors(Path folder) {
    try (Checkpoint mine = Checkpoint.read(folder.resolve("checkpoint.safetensors"));
        Checkpoint theirs = Checkpoint.read(unbroken.resolve("checkpoint.safetensors"))) {
      assertEquals(
          theirs.metadata().get(Safetensors.CHECKSUM), mine.metadata().get(Safetensors.CHECKSUM));
    }
  }

  private static String timeless(JsonNode line) {
    StringBuilder text = new StringBuilder();
    line.properties().stream()
        .filter(field -> !field.getKey().contains("second") && !field.getKey().contains("wait"))
        .forEach(field -> text.append(field));
    return text.toString();
  }

  private static List<JsonNode> metrics(Path folder) throws IOException {
    JsonMapper json = JsonMapper.builder().build();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
      lines.add(json.readTree(line));
    }
    return lines;
  }
}
