package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.StallingDataset;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data that vanishes or stalls while a run trains on it. */
class DataFailureTest {
  @TempDir Path temp;

  @Test
  void aFileThatVanishesInMidRunIsNamedAndTheRunGoesOnOnceItIsBack() throws IOException {
    Path data = writePhotographs(temp.resolve("data"));
    TrainingConfig config = photographs(data);
    assertEquals(Outcome.COMPLETE, train(temp.resolve("unbroken"), config, epoch -> {}));

    Path victim = data.resolve("train/1/05.png");
    byte[] content = Files.readAllBytes(victim);
    Path run = temp.resolve("run");
    InvalidDataException failure =
        assertThrows(
            InvalidDataException.class,
            () ->
                train(
                    run,
                    config,
                    epoch -> {
                      if (epoch == 1) {
                        Files.delete(victim);
                      }
                    }));
    assertTrue(failure.getMessage().contains(victim.toString()), failure::getMessage);
    assertFalse(failure.getMessage().contains("\n"), failure::getMessage);
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      assertEquals(new Position(2, 0, 6), checkpoint.position());
    }

    Files.write(victim, content);
    assertEquals(Outcome.COMPLETE, train(run, config, epoch -> {}));
    assertEquals(
        -1,
        Files.mismatch(
            temp.resolve("unbroken/checkpoint.safetensors"),
            run.resolve("checkpoint.safetensors")));
  }

  @Test
  void aRunWhoseDataStallsStillStopsAndSaves() {
    Path data = TinyRun.writeData(temp.resolve("data"));
    TrainingConfig config =
        ConfigFile.parse(
            "tiny.yaml",
            TinyRun.yaml(data),
            List.of("evaluation.baselines=false", "data.workers=1"));
    StopRequest stop = new StopRequest();
    Path run = temp.resolve("run");
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(run, Existing.RESUME)) {
      // All images for their identity and a look at the walk, then two batches of four and a part
      // of the third.
      StallingDataset stalling =
          new StallingDataset(images.train(), 2 * TinyRun.TRAIN_IMAGES + 9, stop::request);
      RunImages stalled = new RunImages(stalling, null, images.test());
      try (Trainer trainer =
          new Trainer(config, folder, stalled, stop, new TrainingListener() {})) {
        assertEquals(Outcome.STOPPED, trainer.run());
        stalling.recover();
      }
    }
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      long step = checkpoint.position().step();
      assertTrue(step <= 2, () -> "step " + step);
    }
  }

  /** Does something after an epoch. */
  private interface AfterEpoch {
    void done(int epoch) throws IOException;
  }

  private static Outcome train(Path path, TrainingConfig config, AfterEpoch after) {
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epochDone(EpochMetrics metrics) {
            try {
              after.done(metrics.epoch());
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        };
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(path, Existing.RESUME);
        Trainer trainer = new Trainer(config, folder, images, new StopRequest(), listener)) {
      return trainer.run();
    }
  }

  /** 18 photographs to train on, in batches of 3. */
  private static Path writePhotographs(Path data) throws IOException {
    Random random = new Random(9);
    for (int i = 0; i < 18; i++) {
      writeImage(data.resolve("train/%d/%02d.png".formatted(i % 2, i)), random);
    }
    for (int i = 0; i < 6; i++) {
      writeImage(data.resolve("val/%d/%02d.png".formatted(i % 2, i)), random);
    }
    return data;
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

  private static TrainingConfig photographs(Path data) {
    String yaml =
        """
        seed: 3
        data: {format: folder, path: %s, workers: 1}
        augmentation: {size: 12}
        network:
          {architecture: resnet18, stem: cifar, width: 4, dimension: 6, head: linear}
        objective: {negatives: 9, positives: 3, neighbours: 2, steps: 2, ramp_epochs: 1}
        optimizer: {learning_rate: 0.05}
        training: {epochs: 2, batch_size: 3, threads: 1}
        evaluation: {k: 5, batch_size: 8, resize: 13, crop: 12, baselines: false}
        """;
    return ConfigFile.parse("tiny.yaml", yaml.formatted(data), List.of());
  }
}
