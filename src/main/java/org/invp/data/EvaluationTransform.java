package org.invp.data;

import org.invp.internal.Text;

/**
 * The view of an image at evaluation, torchvision's {@code Resize}, {@code CenterCrop}, {@code
 * ToTensor} and {@code Normalize}: nothing in it is random.
 *
 * @param resize length of the shorter side after resizing; 0 keeps the image's size
 * @param height height of the centre crop in pixels
 * @param width width of the centre crop in pixels; the crop must fit in the resized image
 * @param normalisation the statistics of the result, whose number of values is its channels
 * @param decoding how image files are decoded
 */
public record EvaluationTransform(
    int resize, int height, int width, Normalisation normalisation, Decoding decoding)
    implements Transform {
  /** Checks the ranges. */
  public EvaluationTransform {
    Checks.within("resize", resize, 0, MAX_EXTENT);
    Checks.within("height", height, 1, MAX_EXTENT);
    Checks.within("width", width, 1, MAX_EXTENT);
    if (resize > 0 && resize < Math.max(height, width)) {
      throw new IllegalArgumentException(
          Text.format(
              "resize is %d, allowed: 0 (keep the size) or at least the crop's %d",
              resize, Math.max(height, width)));
    }
  }

  /** Of files that are decoded whole. */
  public EvaluationTransform(int resize, int height, int width, Normalisation normalisation) {
    this(resize, height, width, normalisation, Decoding.EXACT);
  }

  /** The pixels as they are, scaled to [0, 1]. */
  public static EvaluationTransform raw(int height, int width, int channels) {
    return new EvaluationTransform(0, height, width, Normalisation.none(channels));
  }
}
