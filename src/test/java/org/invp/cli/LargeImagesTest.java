package org.invp.cli;

import static org.invp.cli.SmallPictures.invp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;
import org.invp.cli.SmallPictures.Result;
import org.invp.io.Npy;
import org.invp.tensor.FloatTensor;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images much larger than those that a network was trained on. */
class LargeImagesTest {
  private static final int TIMES = 20;

  @TempDir Path temp;
  private Path run;

  @BeforeEach
  void trainOnSmallImages() throws IOException {
    run = temp.resolve("run");
    Path data = TinyRun.writeData(temp.resolve("small"));
    Path config = Files.writeString(temp.resolve("x.yaml"), TinyRun.yaml(data));
    Result trained = invp("train", config, "--run-dir", run, "--set", "training.epochs=1");
    assertEquals(0, trained.code(), trained.err());
  }

  /** A picture of squares; the same, each pixel many times as large. */
  private static void write(Path small, Path large) throws IOException {
    BufferedImage image = new BufferedImage(12, 12, BufferedImage.TYPE_BYTE_GRAY);
    Random random = new Random(8);
    for (int i = 0; i < 144; i++) {
      image
          .getRaster()
          .setSample(i % 12, i / 12, 0, i / 12 < 6 == i % 12 < 6 ? random.nextInt(60) : 250);
    }
    BufferedImage many = new BufferedImage(12 * TIMES, 12 * TIMES, BufferedImage.TYPE_BYTE_GRAY);
    Graphics2D graphics = many.createGraphics();
    graphics.drawImage(image, 0, 0, 12 * TIMES, 12 * TIMES, null);
    graphics.dispose();
    Files.createDirectories(small.getParent());
    Files.createDirectories(large.getParent());
    ImageIO.write(image, "png", small.toFile());
    ImageIO.write(many, "png", large.toFile());
  }

  private float[] embed(Path folder, String... more) {
    Path out = temp.resolve("out.npy");
    Object[] line = new Object[7 + more.length];
    System.arraycopy(
        new Object[] {"embed", run, folder, "--format", "folder", "--out", out}, 0, line, 0, 7);
    System.arraycopy(more, 0, line, 7, more.length);
    Result result = invp(line);
    assertEquals(0, result.code(), result.err());
    warnings = result.err();
    try (FloatTensor rows = Npy.map(out, false)) {
      return rows.toArray();
    }
  }

  private String warnings;

  @Test
  void areResizedToTheTrainingImagesFirst() throws IOException {
    write(temp.resolve("a/x.png"), temp.resolve("b/x.png"));
    float[] small = embed(temp.resolve("a"));
    assertArrayEquals(small, embed(temp.resolve("a"), "--set", "evaluation.resize=0"));
    float[] large = embed(temp.resolve("b"));
    assertEquals("", warnings);
    float[] middle = embed(temp.resolve("b"), "--set", "evaluation.resize=0");
    assertTrue(warnings.contains("only the middle 12 x 12 are seen"), warnings);
    assertTrue(dot(small, large) > 0.99, "the whole picture: " + dot(small, large));
    assertTrue(dot(small, middle) < dot(small, large), "its middle: " + dot(small, middle));
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
