package org.invp.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.invp.data.Crop;
import org.invp.nn.Classifier.Statistics;

/**
 * The settings of fine-tuning a pre-trained network on labels.
 *
 * @param loop epochs, batches, SGD
 * @param schedule the backbone's learning rate
 * @param headFactor the classifier's rate is that many times the backbone's
 * @param firstHeadFactor the same in the first epoch
 * @param headDecays whether the classifier's rate falls with the backbone's, or stays
 * @param crop of the training views
 * @param flip probability of mirroring a training view
 */
public record FineTuneSettings(
    TuningLoop loop,
    StepDecay schedule,
    double headFactor,
    double firstHeadFactor,
    boolean headDecays,
    Crop crop,
    double flip) {
  private static final double MOMENTUM = 0.9;

  /**
   * The published settings for few labels (downstream/semi_supervised.py): 30 epochs in batches of
   * 128, rate 0.0012 times 0.1 after 15, 20 and 25 epochs, weight decay 1e-5, batch norm in
   * training mode, and a classifier whose rate is 50 times the backbone's first one and does not
   * fall. (The program sets the rate behind each epoch, so that its steps come one epoch later.)
   *
   * @param crop 0.08 to 1 of the area for ImageNet (datasets/imagenet.py), 0.2 to 1 for CIFAR
   *     (datasets/cifar.py)
   */
  public static FineTuneSettings fewLabels(Crop crop, long seed) {
    return new FineTuneSettings(
        new TuningLoop(30, 128, MOMENTUM, false, 1e-5, Statistics.BATCH, 0, seed),
        new StepDecay(0.0012, List.of(15, 20, 25), 0.1),
        50,
        50,
        false,
        crop,
        0.5);
  }

  /**
   * The published settings for transfer (downstream/fine_tune.py): 81 epochs in batches of 128,
   * rate 0.001 times 0.1 after 50, 70 and 80 epochs, weight decay 1e-6, batch norm in training
   * mode. The classifier's rate is 50 times the backbone's in the first epoch and 5 times
   * afterwards, since that program's schedule sets it so. Views are crops of 0.2 to 1 of the area,
   * which it has for Stanford Cars (datasets/stanford_cars.py); for the other data sets it cuts 224
   * pixels at random out of 256, which we have no view for.
   */
  public static FineTuneSettings transfer(long seed) {
    return new FineTuneSettings(
        new TuningLoop(81, 128, MOMENTUM, false, 1e-6, Statistics.BATCH, 0, seed),
        new StepDecay(0.001, List.of(50, 70, 80), 0.1),
        5,
        50,
        true,
        Crop.PUBLISHED,
        0.5);
  }

  /** The rates of these settings. */
  public TuningRates rates() {
    return new TuningRates() {
      @Override
      public double backbone(int epoch, long step) {
        return schedule.rate(epoch);
      }

      @Override
      public double classifier(int epoch, long step) {
        double factor = epoch == 1 ? firstHeadFactor : headFactor;
        return factor * schedule.rate(headDecays ? epoch : 1);
      }
    };
  }

  /** All of it by name, for a result. */
  public Map<String, Object> describe() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("epochs", loop.epochs());
    settings.put("batch_size", loop.batchSize());
    settings.put("learning_rate", schedule.rate());
    settings.put("milestones", schedule.milestones());
    settings.put("decay", schedule.decay());
    settings.put("head_factor", headFactor);
    settings.put("first_head_factor", firstHeadFactor);
    settings.put("head_decays", headDecays);
    settings.put("momentum", loop.momentum());
    settings.put("weight_decay", loop.weightDecay());
    settings.put("statistics", loop.statistics().name().toLowerCase(Locale.ROOT));
    settings.put("crop_scale", List.of(crop.areaLow(), crop.areaHigh()));
    settings.put("flip", flip);
    settings.put("seed", loop.seed());
    return settings;
  }
}
