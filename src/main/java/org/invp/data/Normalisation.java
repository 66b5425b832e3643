package org.invp.data;

import java.util.Collections;
import java.util.List;
import org.invp.internal.Text;

/**
 * result = (pixel / 255 - mean) / deviation, per channel; the number of channels is the number of
 * values.
 *
 * @param mean one value (gray) or three (red, green, blue)
 * @param deviation as many, each above 0
 */
public record Normalisation(List<Double> mean, List<Double> deviation) {
  /** ImageNet's statistics, as published. */
  public static final Normalisation IMAGENET =
      new Normalisation(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

  /** Checks that there are 1 or 3 of each, finite, deviations above 0. */
  public Normalisation {
    mean = List.copyOf(mean);
    deviation = List.copyOf(deviation);
    if ((mean.size() != 1 && mean.size() != 3) || mean.size() != deviation.size()) {
      throw new IllegalArgumentException(
          Text.format(
              "normalisation has %d means and %d deviations, allowed: 1 of each (gray) or 3 (colour)",
              mean.size(), deviation.size()));
    }
    for (int c = 0; c < mean.size(); c++) {
      Checks.within("mean", mean.get(c), -1e6, 1e6);
      Checks.within("deviation", deviation.get(c), 1e-6, 1e6);
    }
  }

  /** Leaves pixels in [0, 1]. */
  public static Normalisation none(int channels) {
    return new Normalisation(
        Collections.nCopies(channels, 0.0), Collections.nCopies(channels, 1.0));
  }
}
