package org.invp.config;

import java.util.List;
import org.invp.internal.Text;

/**
 * How a training view of an image is drawn; applied in the order crop, colour jitter, gray, blur,
 * flip, normalise, with torchvision's meaning of every parameter. The defaults are the published
 * ImageNet settings (datasets/imagenet.py, with --blur).
 *
 * @param size height and width of the view in pixels
 * @param cropScale share of the image's area that a crop covers
 * @param cropRatio width / height of a crop
 * @param flip probability of mirroring left and right
 * @param jitterProbability probability of changing the colours at all
 * @param brightness factor drawn from [max(0, 1 - x), 1 + x]
 * @param contrast likewise
 * @param saturation likewise
 * @param hue shift drawn from [-x, x], a share of the colour circle
 * @param gray probability of dropping the colours
 * @param blurProbability probability of a Gaussian blur
 * @param blurSigma the blur's standard deviation in pixels
 * @param mean subtracted from pixels in [0, 1], per channel
 * @param std divides the result, per channel
 */
public record AugmentationConfig(
    int size,
    Interval cropScale,
    Interval cropRatio,
    double flip,
    double jitterProbability,
    double brightness,
    double contrast,
    double saturation,
    double hue,
    double gray,
    double blurProbability,
    Interval blurSigma,
    List<Double> mean,
    List<Double> std) {

  /** Checks that mean and std belong together. */
  public AugmentationConfig {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if ((mean.size() != 1 && mean.size() != 3) || std.size() != mean.size()) {
      throw new IllegalArgumentException(
          Text.format(
              "augmentation.mean has %d and augmentation.std %d values,"
                  + " allowed: both 1 (gray) or both 3 (colour)",
              mean.size(), std.size()));
    }
  }

  static AugmentationConfig read(Section section) {
    return section.build(
        s ->
            new AugmentationConfig(
                s.integer("size", 224, Range.between(1, 8192)),
                s.interval("crop_scale", new Interval(0.2, 1), Range.SHARE_NOT_ZERO),
                s.interval("crop_ratio", new Interval(3.0 / 4, 4.0 / 3), Range.RATIO),
                s.number("flip", 0.5, Range.SHARE),
                s.number("jitter_probability", 0.8, Range.SHARE),
                s.number("brightness", 0.4, Range.STRENGTH),
                s.number("contrast", 0.4, Range.STRENGTH),
                s.number("saturation", 0.4, Range.STRENGTH),
                s.number("hue", 0.1, Range.HUE),
                s.number("gray", 0.2, Range.SHARE),
                s.number("blur_probability", 0.5, Range.SHARE),
                s.interval("blur_sigma", new Interval(0.1, 2), Range.DEVIATION),
                s.numbers("mean", List.of(0.485, 0.456, 0.406), Range.MEAN),
                s.numbers("std", List.of(0.229, 0.224, 0.225), Range.STD)));
  }
}
