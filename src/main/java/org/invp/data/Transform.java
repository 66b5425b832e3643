package org.invp.data;

/** How an image becomes a batch slot of [channels, height, width] floats. */
public sealed interface Transform permits Augmentation, EvaluationTransform, TenCrop {
  /** The most pixels that height or width may have. */
  int MAX_EXTENT = 8192;

  /** Height of the result in pixels. */
  int height();

  /** Width of the result in pixels. */
  int width();

  /** What is subtracted from and divides the result. */
  Normalisation normalisation();

  /** How the image's file is decoded. */
  Decoding decoding();

  /** Channels of the result: 1 (gray) or 3 (RGB). */
  default int channels() {
    return normalisation().mean().size();
  }
}
