package org.invp.train;

import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.data.TrainingDivision;

/**
 * The images of a run; owns them.
 *
 * @param train what the network learns from
 * @param heldOut training images that are held out of training; null where none are
 * @param test the test set
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
      ImageDataset test = Setup.testImages(config);
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

  /** Closes all of them; idempotent. */
  @Override
  public void close() {
    train.close();
    judged().close();
    test.close();
  }
}
