package org.invp.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Cuts the ten crops of one prepared image, in the order of {@link TenCrop}. */
final class TenCropper {
  private final MemorySegment image;
  private final int channels;
  private final int imageHeight;
  private final int imageWidth;
  private final int height;
  private final int width;

  /**
   * @param image [channels, imageHeight, imageWidth] floats
   * @param height of a crop, at most the image's
   * @param width of a crop, at most the image's
   */
  TenCropper(
      MemorySegment image, int channels, int imageHeight, int imageWidth, int height, int width) {
    this.image = image;
    this.channels = channels;
    this.imageHeight = imageHeight;
    this.imageWidth = imageWidth;
    this.height = height;
    this.width = width;
  }

  /**
   * The extents that an image has after torchvision's {@code Resize} of its shorter side: the
   * longer one is cut to a whole number.
   *
   * @param resize the shorter side's length; 0 keeps the size
   */
  static int resizedExtent(int extent, int other, int resize) {
    if (resize == 0) {
      return extent;
    }
    return extent <= other ? resize : Math.toIntExact((long) resize * extent / other);
  }

  /**
   * @param output [10, channels, height, width] floats
   */
  void cut(MemorySegment output) {
    int bottom = imageHeight - height;
    int right = imageWidth - width;
    int[][] corners = {
      {0, 0}, {0, right}, {bottom, 0}, {bottom, right}, {centre(bottom), centre(right)}
    };
    long crop = (long) channels * height * width;
    for (int i = 0; i < corners.length; i++) {
      int top = corners[i][0];
      int left = corners[i][1];
      copy(top, left, output, i * crop);
      // The same place in the mirrored image lies at the other end of each row.
      copyMirrored(top, right - left, output, (i + corners.length) * crop);
    }
  }

  /** Halves go to the even number, as Python's round has it. */
  private static int centre(int margin) {
    return (int) Math.rint(margin / 2.0);
  }

  private void copy(int top, int left, MemorySegment output, long at) {
    for (int line = 0; line < channels * height; line++) {
      MemorySegment.copy(
          image,
          Float.BYTES * source(line, top, left),
          output,
          Float.BYTES * (at + (long) line * width),
          (long) Float.BYTES * width);
    }
  }

  private void copyMirrored(int top, int left, MemorySegment output, long at) {
    for (int line = 0; line < channels * height; line++) {
      long source = source(line, top, left);
      long target = at + (long) line * width;
      for (int x = 0; x < width; x++) {
        float value = image.getAtIndex(ValueLayout.JAVA_FLOAT, source + width - 1 - x);
        output.setAtIndex(ValueLayout.JAVA_FLOAT, target + x, value);
      }
    }
  }

  /** Where a line of a crop begins in the image; lines count through all channels. */
  private long source(int line, int top, int left) {
    int channel = line / height;
    int y = top + line % height;
    return ((long) channel * imageHeight + y) * imageWidth + left;
  }
}
