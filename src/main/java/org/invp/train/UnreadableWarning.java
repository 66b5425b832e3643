package org.invp.train;

import java.util.function.Consumer;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;

/**
 * Says how many images could not be read outside of the training steps, which count their own: each
 * time that more are known than were said. Borrows the images.
 */
final class UnreadableWarning {
  private final RunImages images;
  private final Consumer<String> warn;
  private int rows;
  private int test;
  private int heldOut;

  UnreadableWarning(RunImages images, Consumer<String> warn) {
    this.images = images;
    this.warn = warn;
  }

  /** After all rows of the bank were to be computed. */
  void afterRefresh() {
    int count = images.train().unreadable();
    if (count > rows) {
      warn.accept(
          Text.format(
              "%d training images could not be read: their rows of the memory bank stay as they"
                  + " were, and say nothing of them",
              count));
    }
    rows = count;
  }

  /** After images were judged. */
  void afterEvaluation() {
    test = said(test, images.test(), "test images");
    if (images.holdOut()) {
      heldOut = said(heldOut, images.heldOut(), "images held out of training");
    }
  }

  private int said(int before, ImageDataset asked, String name) {
    int count = asked.unreadable();
    if (count > before) {
      warn.accept(
          Text.format(
              "%d of %d %s could not be read and are left out of kNN; the log names each once",
              count, asked.size(), name));
    }
    return count;
  }
}
