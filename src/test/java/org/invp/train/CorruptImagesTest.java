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
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
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
    StopRequest stop = new StopRequest();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void stepDone(StepMetrics metrics, int images, double meanLoss) {
            if (metrics.step() == stopAfter) {
              stop.request();
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
    assertTrue(e.getMessage().contains("no batch of epoch 1"), e.getMessage());
  }
}
