package org.invp.eval;

import org.invp.data.Augmentation;
import org.invp.data.Blur;
import org.invp.data.Crop;
import org.invp.data.EvaluationTransform;
import org.invp.data.Jitter;

/**
 * How images are prepared where labels are learnt.
 *
 * @param training drawn anew in every epoch
 * @param evaluation of the images that the result is judged on
 * @param evaluationBatchSize images per forward pass there
 * @param workers threads that decode images, at least 1
 */
public record LabelledViews(
    Augmentation training, EvaluationTransform evaluation, int evaluationBatchSize, int workers) {
  /** A crop that is the whole of a square image. */
  public static final Crop WHOLE = new Crop(1, 1, 1, 1);

  /**
   * Crops and flips, and nothing that changes colours; size, statistics and decoding of the
   * evaluation's view, and what becomes of an image that cannot be read.
   *
   * @param flip probability of mirroring left and right
   */
  public static LabelledViews cropsAndFlips(
      EvaluationTransform evaluation,
      Crop crop,
      double flip,
      int evaluationBatchSize,
      int workers) {
    Augmentation training =
        new Augmentation(
            evaluation.height(),
            evaluation.width(),
            crop,
            Jitter.NONE,
            0,
            Blur.NONE,
            flip,
            evaluation.normalisation(),
            evaluation.decoding());
    return new LabelledViews(training, evaluation, evaluationBatchSize, workers);
  }
}
