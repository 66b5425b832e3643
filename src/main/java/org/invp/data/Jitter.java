package org.invp.data;

/**
 * Colour jitter, torchvision's {@code ColorJitter} on PIL images: the operations run in random
 * order. On gray images only brightness and contrast do something.
 *
 * @param probability of changing anything at all
 * @param brightness factor drawn from [max(0, 1 - x), 1 + x]; 0 leaves it out
 * @param contrast likewise
 * @param saturation likewise
 * @param hue shift drawn from [-x, x], a share of the colour circle, at most 0.5
 */
public record Jitter(
    double probability, double brightness, double contrast, double saturation, double hue) {
  /** No jitter. */
  public static final Jitter NONE = new Jitter(0, 0, 0, 0, 0);

  /** Checks the ranges. */
  public Jitter {
    Checks.within("jitter probability", probability, 0, 1);
    Checks.within("brightness", brightness, 0, 100);
    Checks.within("contrast", contrast, 0, 100);
    Checks.within("saturation", saturation, 0, 100);
    Checks.within("hue", hue, 0, 0.5);
  }
}
