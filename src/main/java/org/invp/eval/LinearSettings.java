package org.invp.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.invp.data.Crop;
import org.invp.internal.Text;
import org.invp.nn.Block;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.ClassifierOptions.Normalisation;

/**
 * The settings of linear classification on a frozen backbone.
 *
 * @param epochs how often every image is seen, at least 1
 * @param batchSize images per step, at least 1; an incomplete last batch is used
 * @param schedule the learning rate
 * @param momentum of SGD
 * @param weightDecay of SGD
 * @param normalisation of a classifier's inputs
 * @param deviation of the first weights; 0: square root of 2 / classes
 * @param allBlocks a classifier after every block, or after the last one only
 * @param crop of the training views
 * @param flip probability of mirroring a training view
 * @param seed of the first weights, the order of images and their views
 */
public record LinearSettings(
    int epochs,
    int batchSize,
    StepDecay schedule,
    double momentum,
    double weightDecay,
    Normalisation normalisation,
    double deviation,
    boolean allBlocks,
    Crop crop,
    double flip,
    long seed) {
  /** Features per block that pooling keeps within: 64 channels of 12 x 12 cells. */
  private static final int MOST_FEATURES = 9216;

  /** Checks the ranges that nothing else checks. */
  public LinearSettings {
    if (epochs < 1 || batchSize < 1) {
      throw new IllegalArgumentException(
          Text.format("%d epochs of batches of %d, allowed: at least 1", epochs, batchSize));
    }
  }

  /**
   * The published settings for ImageNet (downstream/linear_classification/linear_classification.py,
   * models/LinearModelMulti.py): a classifier after each of the 17 blocks, 120 epochs in batches of
   * 256, rate 1 times 0.1 after 50, 80 and 100 epochs, no weight decay, crops of 0.08 to 1 of the
   * area and flips; batch norm before the linear layer, held in evaluation mode, and first weights
   * of deviation 0.01.
   */
  public static LinearSettings imagenet(long seed) {
    return new LinearSettings(
        120,
        256,
        new StepDecay(1, List.of(50, 80, 100), 0.1),
        0.9,
        0,
        Normalisation.AFFINE,
        0.01,
        true,
        new Crop(0.08, 1, 3.0 / 4, 4.0 / 3),
        0.5,
        seed);
  }

  /**
   * The published settings for CIFAR (downstream/linear_classification/eval_linear.py,
   * models/LinearModel.py, datasets/cifar.py): the last features, 100 epochs in batches of 256,
   * rate 30 times 0.2 after 40, 60 and 80 epochs, no weight decay, flips without crops, first
   * weights of deviation square root of 2 / classes.
   */
  public static LinearSettings cifar(long seed) {
    return new LinearSettings(
        100,
        256,
        new StepDecay(30, List.of(40, 60, 80), 0.2),
        0.9,
        0,
        Normalisation.NONE,
        0,
        false,
        LabelledViews.WHOLE,
        0.5,
        seed);
  }

  /**
   * What to take of which block. As published for ResNet-50, where the sides are 12, 6, 4, 3 and,
   * in the last stage, 1: the most cells that keep a block within 9216 features. That this is the
   * rule, and that there are no more cells than a block has pixels, is our reading for other
   * networks.
   *
   * @param imageSide of the network's input, in pixels
   */
  public List<Pooled> layers(List<Block> blocks, int imageSide) {
    Block last = blocks.get(blocks.size() - 1);
    if (!allBlocks) {
      return List.of(new Pooled(last, 1));
    }
    List<Pooled> layers = new ArrayList<>();
    for (Block block : blocks) {
      int most = Math.max(1, (int) Math.sqrt((double) MOST_FEATURES / block.channels()));
      int cells = Math.min(most, block.side(imageSide));
      layers.add(new Pooled(block, block.channels() == last.channels() ? 1 : cells));
    }
    return layers;
  }

  /** All of it by name, for a result. */
  public Map<String, Object> describe() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("epochs", epochs);
    settings.put("batch_size", batchSize);
    settings.put("learning_rate", schedule.rate());
    settings.put("milestones", schedule.milestones());
    settings.put("decay", schedule.decay());
    settings.put("momentum", momentum);
    settings.put("weight_decay", weightDecay);
    settings.put("seed", seed);
    return settings;
  }
}
