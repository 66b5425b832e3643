package org.invp.config;

import org.invp.internal.Text;
import org.invp.objective.ObjectiveOptions;

/**
 * Everything that decides a training run.
 *
 * @param seed start of every random number: weights, bank, order of images, augmentation
 * @param data where the images are
 * @param augmentation how training views are drawn
 * @param network the network
 * @param objective the loss
 * @param optimizer the optimiser and its learning rate
 * @param training the loop
 * @param evaluation how the representation is judged
 */
public record TrainingConfig(
    long seed,
    DataConfig data,
    AugmentationConfig augmentation,
    NetworkConfig network,
    ObjectiveOptions objective,
    OptimizerConfig optimizer,
    LoopConfig training,
    EvaluationConfig evaluation) {

  /** The walk that the bank's engine can follow per anchor. */
  private static final long MAX_WALK = 1 << 20;

  static TrainingConfig read(Section section) {
    return new TrainingConfig(
        section.whole("seed", 0, Range.between(0, Integer.MAX_VALUE)),
        DataConfig.read(section.section("data")),
        AugmentationConfig.read(section.section("augmentation")),
        NetworkConfig.read(section.section("network")),
        ObjectiveConfig.read(section.section("objective")),
        OptimizerConfig.read(section.section("optimizer")),
        LoopConfig.read(section.section("training")),
        EvaluationConfig.read(section.section("evaluation")));
  }

  /**
   * Checks what depends on the data set.
   *
   * @param rows N, the number of training images in use
   * @param channels of the images
   * @throws ConfigException naming the setting that does not fit
   */
  public void checkAgainst(int rows, int channels) {
    check(
        objective.negatives() <= rows,
        "objective.negatives",
        objective.negatives(),
        Text.format("at most the %d training images", rows));
    check(
        training.batchSize() <= rows,
        "training.batch_size",
        training.batchSize(),
        Text.format("at most the %d training images", rows));
    check(
        walk() <= MAX_WALK,
        "objective.steps",
        objective.steps(),
        Text.format(
            "so many that a walk with %d neighbours visits at most %d images",
            objective.neighbours(), MAX_WALK));
    check(
        augmentation.mean().size() == channels,
        "augmentation.mean",
        augmentation.mean(),
        Text.format("as many values as the images have channels, %d", channels));
    int last = rows % training.batchSize();
    check(
        smallestBatch(last) > 1,
        "training.batch_size",
        training.batchSize(),
        "one that leaves no batch of a single image, which batch norm cannot train on"
            + Text.format(" (%d images; or training.keep_last_batch: false)", rows));
  }

  private int smallestBatch(int last) {
    return training.keepLastBatch() && last > 0 ? last : training.batchSize();
  }

  private long walk() {
    long total = 0;
    long hop = 1;
    for (int step = 0; step < objective.steps() && total <= MAX_WALK; step++) {
      hop *= objective.neighbours();
      total += hop;
    }
    return total;
  }

  private static void check(boolean valid, String key, Object value, String allowed) {
    if (!valid) {
      throw new ConfigException(Text.format("%s is %s, allowed: %s", key, value, allowed));
    }
  }
}
