package org.invp.data;

import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_CCITT_RLE;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_CCITT_T_4;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_CCITT_T_6;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_DEFLATE;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_JPEG;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_LZW;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_NONE;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_OLD_JPEG;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_PACKBITS;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.COMPRESSION_ZLIB;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.EXTRA_SAMPLES_ASSOCIATED_ALPHA;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.EXTRA_SAMPLES_UNASSOCIATED_ALPHA;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.FILL_ORDER_RIGHT_TO_LEFT;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.INK_SET_CMYK;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_BLACK_IS_ZERO;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_CIELAB;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_CMYK;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_ICCLAB;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_PALETTE_COLOR;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_RGB;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_WHITE_IS_ZERO;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PHOTOMETRIC_INTERPRETATION_Y_CB_CR;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PLANAR_CONFIGURATION_CHUNKY;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.PREDICTOR_NONE;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.SAMPLE_FORMAT_FLOATING_POINT;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.SAMPLE_FORMAT_SIGNED_INTEGER;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.SAMPLE_FORMAT_UNSIGNED_INTEGER;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_BITS_PER_SAMPLE;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_COLOR_MAP;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_COMPRESSION;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_EXTRA_SAMPLES;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_FILL_ORDER;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_INK_SET;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_ORIENTATION;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_PHOTOMETRIC_INTERPRETATION;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_PLANAR_CONFIGURATION;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_PREDICTOR;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_SAMPLES_PER_PIXEL;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_SAMPLE_FORMAT;
import static javax.imageio.plugins.tiff.BaselineTIFFTagSet.TAG_Y_CB_CR_SUBSAMPLING;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Set;
import javax.imageio.ImageReader;
import javax.imageio.plugins.tiff.TIFFDirectory;
import javax.imageio.plugins.tiff.TIFFField;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * The first page of a TIFF file. TIFF holds far more than pictures; what is not among the kinds
 * whose pixels are known to be Pillow's is refused by name, before a pixel is decoded.
 */
final class TiffPage {
  private static final Set<Integer> OF_BITS =
      Set.of(COMPRESSION_CCITT_RLE, COMPRESSION_CCITT_T_4, COMPRESSION_CCITT_T_6);

  private static final Set<Integer> OF_ANYTHING =
      Set.of(
          COMPRESSION_NONE,
          COMPRESSION_LZW,
          COMPRESSION_ZLIB,
          COMPRESSION_DEFLATE,
          COMPRESSION_PACKBITS);

  private final TIFFDirectory tags;
  private final int compression;
  private final int photometric;
  private final int samples;
  private final int bits;
  private final int[] extra;

  private TiffPage(TIFFDirectory tags) {
    this.tags = tags;
    compression = value(TAG_COMPRESSION, COMPRESSION_NONE);
    photometric = value(TAG_PHOTOMETRIC_INTERPRETATION, PHOTOMETRIC_INTERPRETATION_WHITE_IS_ZERO);
    samples = value(TAG_SAMPLES_PER_PIXEL, 1);
    bits = value(TAG_BITS_PER_SAMPLE, 1);
    extra = values(TAG_EXTRA_SAMPLES);
  }

  /**
   * Decodes the page.
   *
   * @param reader of a TIFF file, metadata included
   * @throws InvalidDataException if the page is of a kind that is not read, naming it
   */
  static DecodedImage read(ImageReader reader) throws IOException {
    TiffPage page = new TiffPage(TIFFDirectory.createFromMetadata(reader.getImageMetadata(0)));
    page.requireReadable();
    return page.pixels(reader.read(0)).turned(page.value(TAG_ORIENTATION, 1));
  }

  private void requireReadable() {
    requireSamples();
    requireCompression();
    requireColours();
    require(
        bits <= 8
            || value(TAG_PLANAR_CONFIGURATION, PLANAR_CONFIGURATION_CHUNKY)
                == PLANAR_CONFIGURATION_CHUNKY,
        "16-bit samples in planes");
    require(
        value(TAG_FILL_ORDER, 1) != FILL_ORDER_RIGHT_TO_LEFT
            || (bits == 1 && (compression == COMPRESSION_NONE || OF_BITS.contains(compression))),
        "bits in reversed order");
  }

  private void requireSamples() {
    for (int format : values(TAG_SAMPLE_FORMAT)) {
      String kind =
          switch (format) {
            case SAMPLE_FORMAT_FLOATING_POINT -> "floating-point";
            case SAMPLE_FORMAT_SIGNED_INTEGER -> "signed";
            default -> "untyped";
          };
      require(
          format == SAMPLE_FORMAT_UNSIGNED_INTEGER, Text.format("%d-bit %s samples", bits, kind));
    }
    for (int each : values(TAG_BITS_PER_SAMPLE)) {
      require(
          each == bits && bits <= 16 && Integer.bitCount(bits) == 1,
          Text.format("%d-bit samples", each));
    }
  }

  private void requireCompression() {
    require(compression != COMPRESSION_OLD_JPEG, "JPEG of the old style");
    if (compression == COMPRESSION_JPEG) {
      boolean gray = photometric == PHOTOMETRIC_INTERPRETATION_BLACK_IS_ZERO && samples == 1;
      boolean colour =
          samples == 3
              && (photometric == PHOTOMETRIC_INTERPRETATION_Y_CB_CR
                  || photometric == PHOTOMETRIC_INTERPRETATION_RGB);
      require(
          bits == 8 && (gray || colour),
          Text.format("JPEG of %d samples a pixel that are neither gray nor RGB", samples));
      int[] subsampling = values(TAG_Y_CB_CR_SUBSAMPLING);
      require(
          subsampling.length < 2 || (subsampling[0] <= 2 && subsampling[1] <= subsampling[0]),
          "JPEG of unusual subsampling");
      return;
    }
    require(
        bits <= 8 || value(TAG_PREDICTOR, PREDICTOR_NONE) == PREDICTOR_NONE,
        "a predictor of 16-bit samples");
    require(
        OF_ANYTHING.contains(compression) || OF_BITS.contains(compression),
        Text.format("compression %d", compression));
  }

  private void requireColours() {
    switch (photometric) {
      case PHOTOMETRIC_INTERPRETATION_WHITE_IS_ZERO -> {
        require(bits <= 8, "white as 0 and 16-bit samples");
        requireSamples("gray", 1, false);
      }
      case PHOTOMETRIC_INTERPRETATION_BLACK_IS_ZERO -> requireSamples("gray", 1, bits == 8);
      case PHOTOMETRIC_INTERPRETATION_RGB -> {
        require(bits >= 8, Text.format("RGB samples of %d bits", bits));
        requireSamples("RGB", 3, true);
      }
      case PHOTOMETRIC_INTERPRETATION_PALETTE_COLOR -> {
        require(bits <= 8, "a palette for 16-bit samples");
        requireSamples("palette", 1, false);
      }
      case PHOTOMETRIC_INTERPRETATION_CMYK -> {
        require(bits == 8, Text.format("CMYK samples of %d bits", bits));
        require(value(TAG_INK_SET, INK_SET_CMYK) == INK_SET_CMYK, "inks other than CMYK");
        requireSamples("CMYK", 4, false);
      }
      case PHOTOMETRIC_INTERPRETATION_Y_CB_CR ->
          require(compression == COMPRESSION_JPEG, "YCbCr samples that are not JPEG");
      case PHOTOMETRIC_INTERPRETATION_CIELAB, PHOTOMETRIC_INTERPRETATION_ICCLAB ->
          require(false, "LAB colours");
      default -> require(false, Text.format("photometric interpretation %d", photometric));
    }
  }

  private void requireSamples(String kind, int colours, boolean alphaAllowed) {
    boolean alpha = alphaAllowed && samples == colours + 1 && extra.length <= 1 && isAlpha(colours);
    require(
        samples == colours && extra.length == 0 || alpha,
        Text.format("%d samples a %s pixel", samples, kind));
  }

  /** One sample behind the colours; gray images have it as alpha that was multiplied by nothing. */
  private boolean isAlpha(int colours) {
    if (colours == 1) {
      return extra.length == 1 && extra[0] == EXTRA_SAMPLES_UNASSOCIATED_ALPHA;
    }
    return extra.length == 0 || extra[0] <= EXTRA_SAMPLES_UNASSOCIATED_ALPHA;
  }

  private static void require(boolean known, String kind) {
    if (!known) {
      throw new InvalidDataException(
          Text.format("TIFF with %s is not read; convert it to 8-bit RGB", kind));
    }
  }

  private DecodedImage pixels(BufferedImage image) {
    if (photometric == PHOTOMETRIC_INTERPRETATION_PALETTE_COLOR) {
      return DecodedImage.ofPalette(image.getRaster(), palette());
    }
    if (photometric == PHOTOMETRIC_INTERPRETATION_CMYK) {
      return DecodedImage.ofInk(image.getRaster());
    }
    if (extra.length == 1 && extra[0] == EXTRA_SAMPLES_ASSOCIATED_ALPHA) {
      return DecodedImage.ofPremultiplied(
          image.getRaster(), image.getColorModel().getComponentSize());
    }
    return DecodedImage.of(image);
  }

  /** The high bytes of the 16-bit colours; first all red ones, then green, then blue. */
  private int[] palette() {
    int[] map = values(TAG_COLOR_MAP);
    int count = 1 << bits;
    if (map.length != 3 * count) {
      throw new InvalidDataException(
          Text.format(
              "not a whole image: %d numbers in a palette of %d colours", map.length, count));
    }
    int[] colours = new int[DecodedImage.PALETTE_SIZE];
    for (int i = 0; i < count; i++) {
      colours[i] = map[i] >> 8 << 16 | map[count + i] >> 8 << 8 | map[2 * count + i] >> 8;
    }
    return colours;
  }

  private int value(int tag, int otherwise) {
    int[] values = values(tag);
    return values.length == 0 ? otherwise : values[0];
  }

  private int[] values(int tag) {
    TIFFField field = tags.getTIFFField(tag);
    return field == null ? new int[0] : field.getAsInts();
  }
}
