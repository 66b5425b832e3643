package org.invp.data;

/**
 * Random resized crop, torchvision's {@code RandomResizedCrop}: ten tries at a rectangle of a
 * random area and shape, then the largest centred one whose shape is in range; resized bilinearly
 * with antialiasing.
 *
 * @param areaLow smallest share of the image's area, above 0
 * @param areaHigh largest share, at most 1
 * @param ratioLow smallest width / height, above 0
 * @param ratioHigh largest width / height; drawn log-uniformly
 */
public record Crop(double areaLow, double areaHigh, double ratioLow, double ratioHigh) {
  /** The published crop: 0.2 to 1 of the area, 3/4 to 4/3. */
  public static final Crop PUBLISHED = new Crop(0.2, 1, 3.0 / 4, 4.0 / 3);

  /** Checks the ranges. */
  public Crop {
    Checks.interval("crop area", areaLow, areaHigh, 1);
    Checks.interval("crop ratio", ratioLow, ratioHigh, 1000);
  }
}
