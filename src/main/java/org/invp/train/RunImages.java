package org.invp.train;

import java.util.Optional;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.data.TrainingDivision;
import org.invp.internal.Text;

/**
 * The images of a run; owns them.
 *
 * @param train what the network learns from
 * @param heldOut training images that are held out of training; null where none are
 * @param test the test set; without images where there is none
 */
public record RunImages(ImageDataset train, ImageDataset heldOut, ImageDataset test)
    implements AutoCloseable {

  /**
   * Opens what the settings name.
   *
   * @throws org.invp.InvalidDataException when a file is missing or corrupt, naming it
   * @throws org.invp.config.ConfigException when there are fewer training images than the settings
   *     ask for
   */
  public static RunImages open(TrainingConfig config) {
    TrainingDivision division = Setup.division(config);
    ImageDataset whole = Setup.open(config, Split.TRAIN);
    ImageDataset train = Setup.partOf(whole, division::training);
    try {
      ImageDataset test = Setup.testImagesIfAny(config).orElseGet(train::select);
      return new RunImages(train, division.heldOut() > 0 ? division.heldOut(whole) : null, test);
    } catch (RuntimeException e) {
      train.close();
      throw e;
    }
  }

  /** Whether there are images that are held out of training. */
  public boolean holdOut() {
    return heldOut != null;
  }

  /** What epochs and the best checkpoint are judged on. */
  public ImageDataset judged() {
    return holdOut() ? heldOut : test;
  }

  /**
   * Why no kNN accuracy can be measured at the end of the run.
   *
   * @return empty if one can be
   */
  public Optional<String> untestable() {
    return unjudgeable(test, "test images");
  }

  /** Why no epoch can be judged, likewise. */
  Optional<String> unjudgeable() {
    return holdOut() ? unjudgeable(heldOut, "held-out images") : untestable();
  }

  private Optional<String> unjudgeable(ImageDataset asked, String name) {
    if (!train.hasLabels()) {
      return Optional.of("the training images have no labels");
    }
    if (asked.size() == 0) {
      return Optional.of("there is no test set");
    }
    return asked.hasLabels()
        ? Optional.empty()
        : Optional.of(Text.format("the %s have no labels", name));
  }

  /** Closes all of them; idempotent. */
  @Override
  public void close() {
    train.close();
    judged().close();
    test.close();
  }
}
