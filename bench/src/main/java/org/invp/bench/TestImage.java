package org.invp.bench;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;

/** A picture with soft shapes and some grain, about as hard to decode as a photograph. */
public final class TestImage {
  private TestImage() {}

  /** Encodes it as a JPEG file with ImageIO's default quality. */
  public static byte[] jpeg(int width, int height) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    SplittableRandom random = new SplittableRandom(1);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int grain = random.nextInt(24);
        int red = wave(x, 37) + grain;
        int green = wave(y, 23) + grain;
        int blue = wave(x + y, 61) + grain;
        image.setRGB(x, y, red << 16 | green << 8 | blue);
      }
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    if (!ImageIO.write(image, "jpg", file)) {
      throw new IOException("this Java cannot write JPEG files");
    }
    return file.toByteArray();
  }

  private static int wave(int position, int period) {
    return (int) (115 + 100 * Math.sin(2 * Math.PI * position / period));
  }
}
