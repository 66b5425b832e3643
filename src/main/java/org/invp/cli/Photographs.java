package org.invp.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.invp.internal.Text;

/**
 * Made-up pictures that cost about as much to decode as photographs: noise whose octaves halve in
 * strength as their frequency doubles (the spectrum of natural images falls so), shapes with sharp
 * edges, and a sensor's grain. The same number gives the same picture.
 */
final class Photographs {
  static final int WIDTH = 500;
  static final int HEIGHT = 375;

  private static final float QUALITY = 0.9f;
  private static final int CLASSES = 4;
  private static final int COARSEST = 256; // pixels between the first octave's lattice points
  private static final int FINEST = 4;
  private static final int SHAPES = 6;
  private static final int GRAIN = 8;

  private Photographs() {}

  /** Writes so many as the training images of a folder data set. */
  static void write(Path folder, int count) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try {
      for (int i = 0; i < count; i++) {
        Path parent = folder.resolve("train").resolve("class" + i % CLASSES);
        Files.createDirectories(parent);
        Path file = parent.resolve(Text.format("%06d.jpg", i));
        try (OutputStream bytes = Files.newOutputStream(file);
            ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
          writer.setOutput(out);
          ImageWriteParam parameters = writer.getDefaultWriteParam();
          parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
          parameters.setCompressionQuality(QUALITY);
          writer.write(null, new IIOImage(picture(i), null, null), parameters);
        }
      }
    } finally {
      writer.dispose();
    }
  }

  private static BufferedImage picture(int number) {
    SplittableRandom random = new SplittableRandom(number);
    float[][] planes = new float[3][HEIGHT * WIDTH];
    float[] light = new float[HEIGHT * WIDTH];
    float strength = 60;
    for (int step = COARSEST; step >= FINEST; step /= 2) {
      addNoise(light, step, strength, random);
      if (step >= COARSEST / 4) {
        for (float[] plane : planes) {
          addNoise(plane, step, strength / 2, random);
        }
      }
      strength /= 2;
    }
    for (int i = 0; i < SHAPES; i++) {
      addEllipse(planes, random);
    }
    int[] pixels = new int[HEIGHT * WIDTH];
    for (int i = 0; i < pixels.length; i++) {
      float grain = light[i] + random.nextInt(2 * GRAIN + 1) - GRAIN;
      for (float[] plane : planes) {
        pixels[i] = pixels[i] << 8 | Math.clamp(Math.round(128 + plane[i] + grain), 0, 255);
      }
    }
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    image.setRGB(0, 0, WIDTH, HEIGHT, pixels, 0, WIDTH);
    return image;
  }

  /** Adds random values from [-strength, strength] at lattice points, bilinear between them. */
  private static void addNoise(float[] plane, int step, float strength, SplittableRandom random) {
    int columns = WIDTH / step + 2;
    float[] lattice = new float[columns * (HEIGHT / step + 2)];
    for (int i = 0; i < lattice.length; i++) {
      lattice[i] = strength * (float) (2 * random.nextDouble() - 1);
    }
    for (int y = 0; y < HEIGHT; y++) {
      float down = (float) (y % step) / step;
      for (int x = 0; x < WIDTH; x++) {
        float right = (float) (x % step) / step;
        int at = y / step * columns + x / step;
        float above = lattice[at] + right * (lattice[at + 1] - lattice[at]);
        float below =
            lattice[at + columns] + right * (lattice[at + columns + 1] - lattice[at + columns]);
        plane[y * WIDTH + x] += above + down * (below - above);
      }
    }
  }

  private static void addEllipse(float[][] planes, SplittableRandom random) {
    int centreY = random.nextInt(HEIGHT);
    int centreX = random.nextInt(WIDTH);
    double radiusY = random.nextInt(15, 90);
    double radiusX = random.nextInt(15, 90);
    int[] shade = {
      random.nextInt(-50, 51), random.nextInt(-50, 51), random.nextInt(-50, 51),
    };
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double down = (y - centreY) / radiusY;
        double right = (x - centreX) / radiusX;
        if (down * down + right * right < 1) {
          for (int c = 0; c < 3; c++) {
            planes[c][y * WIDTH + x] += shade[c];
          }
        }
      }
    }
  }
}
