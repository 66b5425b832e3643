package org.invp.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.invp.config.TrainingConfig;

/** A data set and settings so small that a test can train on them. */
public final class TinyRun {
  public static final int TRAIN_IMAGES = 22;
  public static final int TEST_IMAGES = 9;
  public static final int SIDE = 12;

  /** 22 images in batches of 4, the last of 2. */
  public static final int BATCHES = 6;

  private TinyRun() {}

  /** Writes images of ten kinds of stripes, with noise, in MNIST's format. */
  public static Path writeData(Path folder) {
    return writeData(folder, TRAIN_IMAGES);
  }

  /** As above, with so many images to train on. */
  public static Path writeData(Path folder, int trainImages) {
    Random random = new Random(5);
    try {
      Files.createDirectories(folder);
      write(folder, "train", trainImages, random);
      write(folder, "t10k", TEST_IMAGES, random);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder;
  }

  /** Settings for that data; three epochs of six steps. */
  public static String yaml(Path data) {
    return """
    seed: 3
    data: {format: idx, path: %s, workers: 2}
    augmentation:
      {size: 12, saturation: 0, hue: 0, gray: 0, blur_probability: 0, mean: [0.5], std: [0.25]}
    network:
      {architecture: resnet18, stem: cifar, width: 4, dimension: 6, head: linear, head_batch_norm: true}
    objective:
      {negatives: 12, positives: 3, neighbours: 2, steps: 2, ramp_epochs: 1}
    optimizer: {learning_rate: 0.05, per: step, warmup_steps: 4}
    training: {epochs: 3, batch_size: 4, threads: 1}
    evaluation: {k: 5, batch_size: 8, resize: 0, crop: 12}
    """
        .formatted(data);
  }

  /**
   * Trains until the end, or until the stopper asks to stop; goes on where the folder's run was.
   */
  static Outcome train(Path folder, TrainingConfig config, Stopper stopper) {
    try (RunImages images = RunImages.open(config);
        RunFolder run = RunFolder.open(folder, RunFolder.Existing.RESUME);
        Trainer trainer = new Trainer(config, run, images, stopper.stop(), stopper)) {
      return trainer.run();
    }
  }

  private static void write(Path folder, String name, int count, Random random) throws IOException {
    ByteBuffer images = ByteBuffer.allocate(16 + count * SIDE * SIDE);
    images.putInt(0x00000803).putInt(count).putInt(SIDE).putInt(SIDE);
    ByteBuffer labels = ByteBuffer.allocate(8 + count);
    labels.putInt(0x00000801).putInt(count);
    for (int i = 0; i < count; i++) {
      int label = i % 10;
      labels.put((byte) label);
      for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
          double wave = Math.sin(0.3 * (label + 1) * (label % 2 == 0 ? x : y));
          images.put(
              (byte) Math.clamp((int) (128 + 80 * wave + 20 * random.nextGaussian()), 0, 255));
        }
      }
    }
    Files.write(folder.resolve(name + "-images-idx3-ubyte"), images.array());
    Files.write(folder.resolve(name + "-labels-idx1-ubyte"), labels.array());
  }
}
