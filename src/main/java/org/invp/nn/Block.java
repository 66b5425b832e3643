package org.invp.nn;

/**
 * A place inside a backbone where features can be taken.
 *
 * @param index 0 for the stem, then the residual blocks in order
 * @param name {@code stem}, or torchvision's, such as {@code layer1.0}
 * @param channels of its output
 * @param reduction what image sides are divided by, rounding up
 */
public record Block(int index, String name, int channels, int reduction) {
  /** The side of its output, for images of that side. */
  public int side(int imageSide) {
    return Math.ceilDiv(imageSide, reduction);
  }
}
