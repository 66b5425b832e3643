package org.invp.eval;

import java.util.LinkedHashMap;
import java.util.Map;
import org.invp.data.Crop;
import org.invp.internal.Text;

/**
 * The settings of linear classification of images that show several classes.
 *
 * @param iterations steps, at least 1
 * @param batchSize images per step, at least 1; an incomplete last batch of a pass is used
 * @param rate the first learning rate, at least 0
 * @param halveEvery after so many steps, at least 1, and again and again, the rate is halved
 * @param momentum of SGD
 * @param weightDecay of SGD
 * @param crop of the training views
 * @param flip probability of mirroring a training view
 * @param pool cells along each side of the grid that features are averaged over, at least 1
 * @param seed of the first weights, the order of images and their views
 */
public record MultiLabelSettings(
    int iterations,
    int batchSize,
    double rate,
    int halveEvery,
    double momentum,
    double weightDecay,
    Crop crop,
    double flip,
    int pool,
    long seed) {
  /** Checks the ranges that nothing else checks. */
  public MultiLabelSettings {
    if (iterations < 1 || batchSize < 1 || halveEvery < 1 || pool < 1) {
      throw new IllegalArgumentException(
          Text.format(
              "%d iterations of batches of %d, halved every %d; allowed: at least 1 of each",
              iterations, batchSize, halveEvery));
    }
    if (!(rate >= 0) || Double.isInfinite(rate)) {
      throw new IllegalArgumentException(
          Text.format("a learning rate of %s, allowed: finite and at least 0", rate));
    }
  }

  /**
   * The published settings for Pascal VOC 2007 (downstream/voc_linear.py): 1900 steps of 16 images,
   * rate 3, halved every 760 steps, momentum 0.9, weight decay 1e-6; crops of 0.2 to 1 of the area
   * and flips; the output of the block before the last, averaged over 2 x 2 cells.
   */
  public static MultiLabelSettings published(long seed) {
    return new MultiLabelSettings(1900, 16, 3, 760, 0.9, 1e-6, Crop.PUBLISHED, 0.5, 2, seed);
  }

  /**
   * The learning rate of a step.
   *
   * @param step counted from 0
   */
  double rate(int step) {
    return Math.scalb(rate, -(step / halveEvery));
  }

  /** What decides the training, by name, for a result. */
  public Map<String, Object> describe() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("iterations", iterations);
    settings.put("batch_size", batchSize);
    settings.put("learning_rate", rate);
    settings.put("halve_every", halveEvery);
    settings.put("momentum", momentum);
    settings.put("weight_decay", weightDecay);
    settings.put("seed", seed);
    return settings;
  }
}
