package org.invp.data;

/**
 * Ten views of an image at evaluation, torchvision's {@code TenCrop} in place of {@code
 * CenterCrop}: the corners (top left, top right, bottom left, bottom right) and the centre, then
 * the same of the mirrored image. A batch slot holds them one after the other, [10 channels,
 * height, width].
 *
 * @param view how the image is prepared, and the size of a crop
 */
public record TenCrop(EvaluationTransform view) implements Transform {
  /** The number of crops. */
  public static final int CROPS = 10;

  @Override
  public int height() {
    return view.height();
  }

  @Override
  public int width() {
    return view.width();
  }

  @Override
  public Normalisation normalisation() {
    return view.normalisation();
  }

  @Override
  public Decoding decoding() {
    return view.decoding();
  }

  /** Of all crops together. */
  @Override
  public int channels() {
    return CROPS * view.channels();
  }
}
