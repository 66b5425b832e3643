package org.invp.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.invp.InvalidDataException;

/**
 * Height and width of an image in pixels, as it is stored.
 *
 * @param height at least 1
 * @param width at least 1
 */
public record ImageExtent(int height, int width) {
  /**
   * Those of some images of a data set, evenly spread; without those that cannot be read.
   *
   * @param most how many to look at, at most
   */
  public static List<ImageExtent> sample(ImageDataset images, int most) {
    List<ImageExtent> extents = new ArrayList<>();
    int count = Math.min(images.size(), most);
    try (ImageBuffer buffer = new ImageBuffer()) {
      for (int i = 0; i < count; i++) {
        try {
          images.read((int) ((long) i * images.size() / count), buffer);
          extents.add(
              buffer.isJpeg() ? ofJpeg(buffer) : new ImageExtent(buffer.height(), buffer.width()));
        } catch (InvalidDataException | IOException e) {
          continue; // Whoever needs the image says what is wrong with it.
        }
      }
    }
    return extents;
  }

  private static ImageExtent ofJpeg(ImageBuffer buffer) throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
    byte[] bytes = buffer.data().toArray(ValueLayout.JAVA_BYTE);
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      reader.setInput(in);
      return new ImageExtent(reader.getHeight(0), reader.getWidth(0));
    } finally {
      reader.dispose();
    }
  }
}
