package org.invp.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * Decodes what is neither JPEG nor WebP through Java's ImageIO: PNG, BMP, GIF (first frame) and
 * TIFF (first page). The pixels are those of Pillow's conversion to RGB, but that of 16-bit samples
 * the high byte counts; what cannot be had so is refused by name.
 */
final class ImageIoDecoder {
  /** What can be read, for messages. */
  static final String TYPES = "JPEG, PNG, BMP, GIF, TIFF or WebP";

  private static final String BIG_TIFF = "II+\0";
  private static final String BIG_TIFF_BIG_ENDIAN = "MM\0+";

  private ImageIoDecoder() {}

  /**
   * Decodes one file into a buffer, gray or RGB.
   *
   * @throws InvalidDataException on damage or an unknown type, without the file's name
   */
  static void decode(byte[] file, ImageBuffer buffer) {
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new InvalidDataException(
            (isBigTiff(file) ? "BigTIFF is not read" : "unknown image type")
                + ", expected "
                + TYPES);
      }
      ImageReader reader = readers.next();
      try {
        read(reader, in, file).store(buffer);
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

  private static DecodedImage read(ImageReader reader, ImageInputStream in, byte[] file)
      throws IOException {
    String type = reader.getFormatName().toLowerCase(Locale.ROOT);
    reader.setInput(in, true, !type.startsWith("tif"));
    requireSize(reader.getHeight(0), reader.getWidth(0));
    return switch (type) {
      case "tif", "tiff" -> TiffPage.read(reader);
      case "gif" -> GifFrame.read(reader, file);
      case "bmp" -> BmpFile.read(reader, file);
      case "png" -> PngFile.read(reader, file);
      default -> throw new InvalidDataException("unknown image type, expected " + TYPES);
    };
  }

  /**
   * Checks the size before any memory is taken for pixels.
   *
   * @throws InvalidDataException if there are too many
   */
  static void requireSize(long height, long width) {
    if (height * width > ImageBuffer.MAX_PIXELS) {
      throw new InvalidDataException(
          Text.format(
              "an image of %d x %d pixels; at most %d are read",
              width, height, ImageBuffer.MAX_PIXELS));
    }
  }

  private static boolean isBigTiff(byte[] file) {
    String start = new String(file, 0, Math.min(4, file.length), StandardCharsets.ISO_8859_1);
    return start.equals(BIG_TIFF) || start.equals(BIG_TIFF_BIG_ENDIAN);
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
}
