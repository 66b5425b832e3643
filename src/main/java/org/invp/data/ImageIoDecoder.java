package org.invp.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * Decodes what is not JPEG through Java's ImageIO: PNG, BMP, GIF (first frame), TIFF (first page)
 * and, by TwelveMonkeys' plug-in, WebP (first frame). Samples are taken as stored, without colour
 * management, and transparency is dropped, as Pillow's conversion to RGB does; of 16-bit samples
 * the high byte counts.
 */
final class ImageIoDecoder {
  /** What can be read, for messages. */
  static final String TYPES = "JPEG, PNG, BMP, GIF, TIFF or WebP";

  private ImageIoDecoder() {}

  /**
   * Decodes one file into a buffer, gray or RGB.
   *
   * @throws InvalidDataException on damage or an unknown type, without the file's name
   */
  static void decode(InputStream file, ImageBuffer buffer) {
    try (ImageInputStream in = new MemoryCacheImageInputStream(file)) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new InvalidDataException("unknown image type, expected " + TYPES);
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        long height = reader.getHeight(0);
        long width = reader.getWidth(0);
        if (height * width > ImageBuffer.MAX_PIXELS) {
          throw new InvalidDataException(
              Text.format(
                  "an image of %d x %d pixels; at most %d are read",
                  width, height, ImageBuffer.MAX_PIXELS));
        }
        store(reader.read(0), buffer);
      } finally {
        reader.dispose();
      }
    } catch (InvalidDataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The readers also throw unchecked exceptions on damaged files.
      throw new InvalidDataException("not a whole image: " + reason(e), e);
    }
  }

  private static String reason(Exception e) {
    Throwable cause = e;
    while (cause.getMessage() == null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null
        ? cause.getClass().getSimpleName()
        : cause.getMessage().replaceAll("\\s+", " ").strip();
  }

  private static void store(BufferedImage image, ImageBuffer buffer) {
    int height = image.getHeight();
    int width = image.getWidth();
    ColorModel model = image.getColorModel();
    boolean indexed = model instanceof IndexColorModel;
    int colours = model.getNumColorComponents();
    boolean cmyk = model.getColorSpace().getType() == ColorSpace.TYPE_CMYK;
    int channels = colours == 1 || (indexed && isGray((IndexColorModel) model)) ? 1 : 3;
    byte[] pixels = new byte[Math.multiplyExact(Math.multiplyExact(height, width), channels)];
    if (cmyk) {
      fromCmyk(image.getRaster(), pixels);
    } else if (indexed || colours != channels || packed(image)) {
      fromColourModel(image, pixels, channels);
    } else {
      fromSamples(image.getRaster(), model.getComponentSize(), pixels, channels);
    }
    buffer.setPixels(pixels, height, width, channels);
  }

  /** Whether a palette has no colours: so come gray images of less than 8 bits. */
  private static boolean isGray(IndexColorModel palette) {
    for (int i = 0; i < palette.getMapSize(); i++) {
      if (palette.getRed(i) != palette.getGreen(i) || palette.getRed(i) != palette.getBlue(i)) {
        return false;
      }
    }
    return true;
  }

  private static boolean packed(BufferedImage image) {
    return image.getType() == BufferedImage.TYPE_USHORT_565_RGB
        || image.getType() == BufferedImage.TYPE_USHORT_555_RGB;
  }

  private static void fromColourModel(BufferedImage image, byte[] pixels, int channels) {
    int[] row = new int[image.getWidth()];
    int at = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, row.length, 1, row, 0, row.length);
      for (int rgb : row) {
        for (int c = 0; c < channels; c++) {
          pixels[at++] = (byte) (rgb >> (16 - 8 * c));
        }
      }
    }
  }

  /** Ink taken from white, as Pillow does it, without a colour profile. */
  private static void fromCmyk(Raster raster, byte[] pixels) {
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int[] row = new int[width * bands];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int x = 0; x < width; x++) {
        int light = 255 - row[x * bands + 3];
        for (int c = 0; c < 3; c++) {
          pixels[at++] = (byte) (light - Math.round(row[x * bands + c] * light / 255f));
        }
      }
    }
  }

  private static void fromSamples(Raster raster, int[] bits, byte[] pixels, int channels) {
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int[] row = new int[width * bands];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          pixels[at++] = (byte) toByte(row[x * bands + c], bits[c]);
        }
      }
    }
  }

  private static int toByte(int sample, int bits) {
    if (bits == 8) {
      return sample;
    }
    return bits > 8 ? sample >> (bits - 8) : sample * 255 / ((1 << bits) - 1);
  }
}
