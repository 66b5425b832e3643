package org.invp.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/** Image files for tests of commands, settings for a network so small that it trains in seconds. */
final class SmallPictures {
  static final int SIDE = 12;

  private SmallPictures() {}

  /** What a command printed, and its exit code. */
  record Result(int code, String out, String err) {}

  /** Writes an image of noise. */
  static void write(Path file, int side, Random random) throws IOException {
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
  }

  /** Writes images named by a pattern for their numbers. */
  static void write(Path folder, String pattern, int count) throws IOException {
    Random random = new Random(pattern.hashCode());
    for (int i = 0; i < count; i++) {
      write(folder.resolve(pattern.formatted(i)), SIDE, random);
    }
  }

  /** Settings with this section {@code data}; two epochs of three steps for 12 images. */
  static Path config(Path file, String data) throws IOException {
    return Files.writeString(
        file,
        """
        seed: 3
        data: {%s, workers: 1}
        augmentation: {size: 12, blur_probability: 0}
        network: {architecture: resnet18, stem: cifar, width: 4, dimension: 6, head: linear}
        objective: {negatives: 6, positives: 3, neighbours: 2, steps: 2, ramp_epochs: 1}
        optimizer: {learning_rate: 0.01, per: step, schedule_epochs: 2}
        training: {epochs: 2, batch_size: 4, threads: 1}
        evaluation: {k: 3, also_k: [1], batch_size: 4, resize: 12, crop: 12}
        """
            .formatted(data));
  }

  /** Runs a command. */
  static Result invp(Object... arguments) {
    String[] args = new String[arguments.length];
    for (int i = 0; i < args.length; i++) {
      args[i] = arguments[i].toString();
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Result(code, out.toString(), err.toString());
  }
}
