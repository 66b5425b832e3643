package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.invp.eval.KnnEvaluation;
import org.invp.eval.KnnResult;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run over a folder in which files are damaged. */
@Tag("slow")
class CorruptImagesTest {
  /** 18 images in batches of 3. */
  private static final int IMAGES = 18;

  @TempDir Path temp;
  private Path data;

  @BeforeEach
  void writeImages() throws IOException {
    data = temp.resolve("data");
    Random random = new Random(9);
    for (int i = 0; i < IMAGES; i++) {
      writeImage(data.resolve("train/%d/%02d.png".formatted(i % 2, i)), random);
    }
    for (int i = 0; i < 6; i++) {
      writeImage(data.resolve("val/%d/%02d.png".formatted(i % 2, i)), random);
    }
  }

  private static void writeImage(Path path, Random random) throws IOException {
    BufferedImage image = new BufferedImage(14, 13, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 13; y++) {
      for (int x = 0; x < 14; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    Files.createDirectories(path.getParent());
    ImageIO.write(image, "png", path.toFile());
  }

  private void damage(String... files) throws IOException {
    for (String file : files) {
      Path path = data.resolve(file);
      byte[] whole = Files.readAllBytes(path);
      Files.write(path, java.util.Arrays.copyOf(whole, whole.length / 2));
    }
  }

  private TrainingConfig config(String... overrides) {
    String yaml =
        """
        seed: 3
        data: {format: folder, path: %s, workers: 2, on_corrupt: skip}
        augmentation: {size: 12}
        network:
          {architecture: resnet18, stem: cifar, width: 4, dimension: 6, head: linear}
        objective: {negatives: 9, positives: 3, neighbours: 2, steps: 2, ramp_epochs: 1}
        optimizer: {learning_rate: 0.05}
        training: {epochs: 3, batch_size: 3, threads: 1}
        evaluation: {k: 5, batch_size: 8, resize: 13, crop: 12}
        """;
    return ConfigFile.parse("tiny.yaml", yaml.formatted(data), List.of(overrides));
  }

  private static Outcome train(Path path, TrainingConfig config, int stopAfter) {
    return train(path, config, stopAfter, new ArrayList<>());
  }

  private static Outcome train(
      Path path, TrainingConfig config, int stopAfter, List<String> warnings) {
    StopRequest stop = new StopRequest();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void stepDone(StepMetrics metrics, int images, double meanLoss) {
            if (metrics.step() == stopAfter) {
              stop.request();
            }
          }

          @Override
          public void warning(String message) {
            if (message.contains("could not be read")) {
              warnings.add(message);
            }
          }
        };
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(path, Existing.RESUME);
        Trainer trainer = new Trainer(config, folder, images, stop, listener)) {
      return trainer.run();
    }
  }

  private static List<JsonNode> metrics(Path folder) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("metrics.jsonl"))) {
      lines.add(JsonMapper.builder().build().readTree(line));
    }
    return lines;
  }

  @Test
  void skippedImagesAreCountedPerEpochAndAtTheEnd() throws IOException {
    damage("train/0/02.png", "train/1/05.png", "val/1/03.png");
    assertEquals(Outcome.COMPLETE, train(temp.resolve("run"), config(), -1));
    List<JsonNode> lines = metrics(temp.resolve("run"));
    for (int epoch = 0; epoch < 3; epoch++) {
      assertEquals(2, lines.get(epoch).get("corrupt_images").asInt());
      assertEquals(IMAGES - 2, lines.get(epoch).get("images").asInt());
    }
    assertEquals(6, lines.get(3).get("corrupt_images").asInt());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 6, 9, 13})
  void aRunThatSkipsImagesResumesToTheSameBits(int step) throws IOException {
    damage("train/0/02.png", "train/1/05.png", "train/1/07.png");
    Path unbroken = temp.resolve("unbroken");
    Path broken = temp.resolve("broken");
    train(unbroken, config(), -1);
    assertEquals(Outcome.STOPPED, train(broken, config(), step));
    assertEquals(Outcome.COMPLETE, train(broken, config(), -1));
    assertArrayEquals(
        Files.readAllBytes(unbroken.resolve("checkpoint.safetensors")),
        Files.readAllBytes(broken.resolve("checkpoint.safetensors")));
    for (int line = 0; line < 4; line++) {
      assertEquals(
          metrics(unbroken).get(line).get("corrupt_images"),
          metrics(broken).get(line).get("corrupt_images"));
    }
  }

  @Test
  void theBankRowOfAnUnreadableImageStaysAsItBegan() throws IOException {
    damage("train/0/02.png");
    Path run = temp.resolve("run");
    train(run, config("training.epochs=2"), -1);
    TrainingConfig config = config();
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"));
        TrainingState fresh = new TrainingState(config, IMAGES, 3, ProcessGroup.alone());
        TrainingState trained = new TrainingState(config, IMAGES, 3, ProcessGroup.alone())) {
      trained.restore(checkpoint);
      for (int row = 0; row < IMAGES; row++) {
        float[] before = fresh.bank().embeddings().slice(row, row + 1).toArray();
        float[] after = trained.bank().embeddings().slice(row, row + 1).toArray();
        assertEquals(row == 1, java.util.Arrays.equals(before, after), "row " + row);
      }
    }
  }

  @Test
  void aCorruptImageEndsTheRunInOneLineAndTheRunCanGoOnWithoutIt() throws IOException {
    damage("train/0/02.png");
    Path run = temp.resolve("run");
    InvalidDataException e =
        assertThrows(
            InvalidDataException.class, () -> train(run, config("data.on_corrupt=fail"), -1));
    assertTrue(e.getMessage().contains("02.png"), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    assertEquals(Outcome.COMPLETE, train(run, config(), -1));
  }

  @Test
  void anEpochWithoutReadableImagesIsAnError() throws IOException {
    for (int i = 0; i < IMAGES; i++) {
      damage("train/%d/%02d.png".formatted(i % 2, i));
    }
    InvalidDataException e =
        assertThrows(InvalidDataException.class, () -> train(temp.resolve("run"), config(), -1));
    assertTrue(e.getMessage().contains("none of the 18 images could be read"), e.getMessage());
    e =
        assertThrows(
            InvalidDataException.class,
            () -> train(temp.resolve("other"), config("evaluation.baselines=false"), -1));
    assertTrue(e.getMessage().contains("no batch of epoch 1"), e.getMessage());
  }

  @Test
  void aTestSetWithoutReadableImagesIsAnError() throws IOException {
    for (int i = 0; i < 6; i++) {
      damage("val/%d/%02d.png".formatted(i % 2, i));
    }
    InvalidDataException e =
        assertThrows(InvalidDataException.class, () -> train(temp.resolve("run"), config(), -1));
    assertTrue(e.getMessage().contains("none of the 6 images could be read"), e.getMessage());
    assertTrue(e.getMessage().contains("val/0/00.png"), e.getMessage());
  }

  @Test
  void testImagesThatCannotBeReadAreCountedAndNotJudged() throws IOException {
    Path whole = temp.resolve("whole");
    train(whole, config(), -1);
    damage("val/1/03.png", "val/0/04.png");
    Path damaged = temp.resolve("damaged");
    List<String> warnings = new ArrayList<>();
    train(damaged, config(), -1, warnings);
    Files.delete(data.resolve("val/1/03.png"));
    Files.delete(data.resolve("val/0/04.png"));
    Path without = temp.resolve("without");
    train(without, config(), -1);
    assertEquals(
        metrics(without).get(3).get("embedding_knn_by_k"),
        metrics(damaged).get(3).get("embedding_knn_by_k"));
    assertEquals(
        metrics(without).get(3).get("pixel_knn_by_k"),
        metrics(damaged).get(3).get("pixel_knn_by_k"));
    assertEquals(metrics(without).get(0).get("bank_knn"), metrics(damaged).get(0).get("bank_knn"));
    assertEquals(2, metrics(damaged).get(3).get("unreadable_test_images").asInt());
    assertTrue(metrics(whole).get(3).get("unreadable_test_images").isNull());
    assertEquals(
        List.of(
            "2 of 6 test images could not be read and are left out of kNN; the log names each"
                + " once"),
        warnings);
  }

  @Test
  void aTrainingImageThatCannotBeReadDoesNotVote() throws IOException {
    damage("train/0/02.png", "train/1/05.png");
    TrainingConfig config = config("evaluation.k=18");
    List<KnnResult> found = new ArrayList<>();
    for (int turn = 0; turn < 2; turn++) {
      try (RunImages images = RunImages.open(config);
          BankEngine engine = BankEngine.cpu(1)) {
        found.add(
            new KnnEvaluation(
                    engine,
                    images.train(),
                    images.test(),
                    Setup.knnProtocol(config),
                    ProcessGroup.alone(),
                    () -> {})
                .pixels());
        assertEquals(turn == 0 ? 2 : 0, images.train().unreadable());
      }
      Files.deleteIfExists(data.resolve("train/0/02.png"));
      Files.deleteIfExists(data.resolve("train/1/05.png"));
    }
    assertEquals(found.get(1).byK(), found.get(0).byK());
    assertArrayEquals(found.get(1).predictions(), found.get(0).predictions());
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void ranksAgreeOnWhatCouldBeRead(int size) throws Exception {
    damage("train/0/02.png", "train/1/05.png", "train/0/16.png", "val/1/03.png");
    TrainingConfig config = config();
    List<KnnResult> found = Ranks.run(size, group -> pixels(config, group));
    KnnResult alone = pixels(config, ProcessGroup.alone());
    for (KnnResult one : found) {
      assertEquals(alone.byK(), one.byK());
      assertArrayEquals(alone.truth(), one.truth());
    }
    assertEquals(5, alone.accuracy().images());
  }

  private static KnnResult pixels(TrainingConfig config, ProcessGroup group) {
    try (RunImages images = RunImages.open(config);
        BankEngine engine = BankEngine.cpu(1)) {
      KnnResult found =
          new KnnEvaluation(
                  engine, images.train(), images.test(), Setup.knnProtocol(config), group, () -> {})
              .pixels();
      assertEquals(3, images.train().unreadable());
      assertEquals(1, images.test().unreadable());
      return found;
    }
  }

  @Test
  void aRefreshLeavesTheRowOfAnUnreadableImageAndSaysSo() throws IOException {
    damage("train/0/02.png");
    Path run = temp.resolve("run");
    List<String> warnings = new ArrayList<>();
    TrainingConfig config =
        config(
            "training.epochs=2",
            "training.bank_refresh=epoch",
            "training.graph=epoch",
            "objective.bank_start=features");
    train(run, config, -1, warnings);
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"));
        TrainingState fresh = new TrainingState(config, IMAGES, 3, ProcessGroup.alone());
        TrainingState trained = new TrainingState(config, IMAGES, 3, ProcessGroup.alone())) {
      trained.restore(checkpoint);
      for (int row = 0; row < IMAGES; row++) {
        float[] before = fresh.bank().embeddings().slice(row, row + 1).toArray();
        float[] after = trained.bank().embeddings().slice(row, row + 1).toArray();
        assertEquals(row == 1, java.util.Arrays.equals(before, after), "row " + row);
      }
    }
    assertEquals(
        1, warnings.stream().filter(line -> line.contains("rows of the memory bank stay")).count());
  }
}
