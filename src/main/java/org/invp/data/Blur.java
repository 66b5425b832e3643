package org.invp.data;

/**
 * Gaussian blur: a true Gaussian as torchvision's {@code gaussian_blur}, cut at three deviations.
 * (The published program calls Pillow's {@code GaussianBlur}, which imitates a Gaussian of the same
 * deviation by box filters; the results differ by a few levels at sharp edges.)
 *
 * @param probability of blurring
 * @param deviationLow smallest standard deviation in pixels, above 0
 * @param deviationHigh largest, at most 100
 */
public record Blur(double probability, double deviationLow, double deviationHigh) {
  /** No blur. */
  public static final Blur NONE = new Blur(0, 1, 1);

  /** Checks the ranges. */
  public Blur {
    Checks.within("blur probability", probability, 0, 1);
    Checks.interval("blur deviation", deviationLow, deviationHigh, 100);
  }
}
