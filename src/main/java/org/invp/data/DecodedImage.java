package org.invp.data;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * The pixels of a file, gray or RGB, with Pillow's arithmetic: samples as stored, without colour
 * management, transparency dropped; of 16-bit samples the high byte counts, those of fewer than 8
 * bits are spread to 8.
 *
 * @param pixels unsigned bytes, [height, width, channels]
 * @param channels 1 or 3
 */
record DecodedImage(byte[] pixels, int height, int width, int channels) {
  /** The places of a palette, used or not. */
  static final int PALETTE_SIZE = 256;

  static DecodedImage of(BufferedImage image) {
    ColorModel model = image.getColorModel();
    Raster raster = image.getRaster();
    if (model instanceof IndexColorModel palette) {
      return ofPalette(raster, colours(palette));
    }
    return ofSamples(raster, model.getComponentSize(), model.getNumColorComponents() == 1 ? 1 : 3);
  }

  /** The colours of a palette as 0xrrggbb; places that it lacks are black. */
  private static int[] colours(IndexColorModel palette) {
    int[] colours = new int[PALETTE_SIZE];
    for (int i = 0; i < palette.getMapSize(); i++) {
      colours[i] = palette.getRGB(i) & 0xffffff;
    }
    return colours;
  }

  /**
   * Colours looked up by the raster's only band.
   *
   * @param colours 256 times 0xrrggbb
   */
  static DecodedImage ofPalette(Raster raster, int[] colours) {
    int channels = isGray(colours) ? 1 : 3;
    Writer writer = new Writer(raster, channels);
    for (int y = 0; y < raster.getHeight(); y++) {
      for (int index : writer.row(y)) {
        for (int c = 0; c < channels; c++) {
          writer.put(colours[index] >> (16 - 8 * c));
        }
      }
    }
    return writer.image();
  }

  /** Whether a palette has no colours: so come gray images of less than 8 bits. */
  private static boolean isGray(int[] colours) {
    for (int colour : colours) {
      if ((colour & 255) * 0x010101 != colour) {
        return false;
      }
    }
    return true;
  }

  /** Ink of 8 bits a sample, CMYK, taken from white as Pillow does it. */
  static DecodedImage ofInk(Raster raster) {
    int bands = raster.getNumBands();
    Writer writer = new Writer(raster, 3);
    for (int y = 0; y < raster.getHeight(); y++) {
      int[] row = writer.row(y);
      for (int at = 0; at < row.length; at += bands) {
        int light = 255 - row[at + 3];
        for (int c = 0; c < 3; c++) {
          writer.put(light - Math.round(row[at + c] * light / 255f));
        }
      }
    }
    return writer.image();
  }

  private static DecodedImage ofSamples(Raster raster, int[] bits, int channels) {
    int bands = raster.getNumBands();
    Writer writer = new Writer(raster, channels);
    for (int y = 0; y < raster.getHeight(); y++) {
      int[] row = writer.row(y);
      for (int at = 0; at < row.length; at += bands) {
        for (int c = 0; c < channels; c++) {
          writer.put(toByte(row[at + c], bits[c]));
        }
      }
    }
    return writer.image();
  }

  /** RGB samples that were multiplied by the alpha behind them, 8 or 16 bits each. */
  static DecodedImage ofPremultiplied(Raster raster, int[] bits) {
    int bands = raster.getNumBands();
    Writer writer = new Writer(raster, 3);
    for (int y = 0; y < raster.getHeight(); y++) {
      int[] row = writer.row(y);
      for (int at = 0; at < row.length; at += bands) {
        int alpha = toByte(row[at + 3], bits[3]);
        for (int c = 0; c < 3; c++) {
          int sample = toByte(row[at + c], bits[c]);
          writer.put(alpha == 0 ? 0 : Math.min(255, sample * 255 / alpha));
        }
      }
    }
    return writer.image();
  }

  private static int toByte(int sample, int bits) {
    if (bits == 8) {
      return sample;
    }
    return bits > 8 ? sample >> (bits - 8) : sample * 255 / ((1 << bits) - 1);
  }

  /**
   * The image upright.
   *
   * @param orientation EXIF's and TIFF's, how it is stored: 1 (upright) to 8; others count as 1
   */
  DecodedImage turned(int orientation) {
    if (orientation < 2 || orientation > 8) {
      return this;
    }
    boolean lies = orientation >= 5;
    int turnedHeight = lies ? width : height;
    int turnedWidth = lies ? height : width;
    boolean fromBottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    boolean fromRight =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    byte[] turned = new byte[pixels.length];
    int at = 0;
    for (int y = 0; y < turnedHeight; y++) {
      for (int x = 0; x < turnedWidth; x++) {
        int row = lies ? x : y;
        int column = lies ? y : x;
        int storedRow = fromBottom ? height - 1 - row : row;
        int storedColumn = fromRight ? width - 1 - column : column;
        int from = (storedRow * width + storedColumn) * channels;
        for (int c = 0; c < channels; c++) {
          turned[at++] = pixels[from + c];
        }
      }
    }
    return new DecodedImage(turned, turnedHeight, turnedWidth, channels);
  }

  void store(ImageBuffer buffer) {
    buffer.setPixels(pixels, height, width, channels);
  }

  /** Pixels in the order of the file, a row of samples at a time. */
  private static final class Writer {
    private final Raster raster;
    private final int channels;
    private final byte[] pixels;
    private final int[] row;
    private int at;

    Writer(Raster raster, int channels) {
      this.raster = raster;
      this.channels = channels;
      int size = Math.multiplyExact(raster.getHeight(), raster.getWidth());
      pixels = new byte[Math.multiplyExact(size, channels)];
      row = new int[raster.getWidth() * raster.getNumBands()];
    }

    /** [width, bands] samples, valid until the next call. */
    int[] row(int y) {
      return raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
    }

    void put(int level) {
      pixels[at++] = (byte) level;
    }

    DecodedImage image() {
      return new DecodedImage(pixels, raster.getHeight(), raster.getWidth(), channels);
    }
  }
}
