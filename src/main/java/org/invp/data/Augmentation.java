package org.invp.data;

/**
 * The ranges a training view is drawn from, applied in the published order: crop and resize, colour
 * jitter, gray, blur, flip, normalise. Every operation has torchvision's meaning. The draw of a
 * view depends on the seed, the epoch and the image's index alone.
 *
 * @param height height of the view in pixels
 * @param width width of the view in pixels
 * @param crop the random resized crop
 * @param jitter the colour jitter
 * @param gray probability of dropping the colours
 * @param blur the Gaussian blur
 * @param flip probability of mirroring left and right
 * @param normalisation the statistics of the result, whose number of values is its channels
 * @param decoding how image files are decoded
 */
public record Augmentation(
    int height,
    int width,
    Crop crop,
    Jitter jitter,
    double gray,
    Blur blur,
    double flip,
    Normalisation normalisation,
    Decoding decoding)
    implements Transform {
  /** Checks the ranges. */
  public Augmentation {
    Checks.within("height", height, 1, MAX_EXTENT);
    Checks.within("width", width, 1, MAX_EXTENT);
    Checks.within("gray probability", gray, 0, 1);
    Checks.within("flip probability", flip, 0, 1);
  }

  /** Of files that are decoded whole. */
  public Augmentation(
      int height,
      int width,
      Crop crop,
      Jitter jitter,
      double gray,
      Blur blur,
      double flip,
      Normalisation normalisation) {
    this(height, width, crop, jitter, gray, blur, flip, normalisation, Decoding.EXACT);
  }
}
