package org.invp.data;

import java.awt.image.BufferedImage;
import java.awt.image.DirectColorModel;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageReader;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/** A BMP file, of the kinds whose pixels are Pillow's; others are refused by name. */
final class BmpFile {
  private static final int HEADER_SIZE = 14;
  private static final int COMPRESSION = 30;

  /** The size of OS/2's header, which knows no compression. */
  private static final int SHORT_HEADER = 12;

  /** None, runs of bytes, and colours that masks place in a pixel. */
  private static final Set<Integer> COMPRESSIONS = Set.of(0, 1, 3);

  private static final List<List<Integer>> COLOUR_BITS =
      List.of(List.of(8, 8, 8), List.of(5, 5, 5), List.of(5, 6, 5));

  private BmpFile() {}

  /**
   * Decodes the file.
   *
   * @param file the whole file that the reader reads
   * @throws InvalidDataException if it is of a kind that is not read, naming it
   */
  static DecodedImage read(ImageReader reader, byte[] file) throws IOException {
    int compression = file[HEADER_SIZE] == SHORT_HEADER ? 0 : file[COMPRESSION];
    require(COMPRESSIONS.contains(compression), Text.format("compression %d", compression));
    BufferedImage image = reader.read(0);
    if (image.getColorModel() instanceof DirectColorModel model) {
      List<Integer> bits = Arrays.stream(model.getComponentSize()).limit(3).boxed().toList();
      require(COLOUR_BITS.contains(bits), Text.format("colours of %s bits", bits));
    }
    return DecodedImage.of(image);
  }

  private static void require(boolean known, String kind) {
    if (!known) {
      throw new InvalidDataException(
          Text.format("BMP with %s is not read; convert it to 24 bits a pixel", kind));
    }
  }
}
