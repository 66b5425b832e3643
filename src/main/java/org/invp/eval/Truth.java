package org.invp.eval;

import org.invp.data.MultiLabelDataset;
import org.invp.data.MultiLabelDataset.Target;
import org.invp.tensor.IntTensor;

/** What is known of images where classifiers learn, as their losses take it. */
interface Truth {
  /** The number of images. */
  int images();

  /** Room for a batch: labels [batch], or targets [batch, classes]. */
  IntTensor allocate(int batch);

  /** Puts what is known of an image into a row of a batch. */
  void copy(int image, IntTensor batch, int row);

  /** One label per image. */
  static Truth labels(int... labels) {
    return new Truth() {
      @Override
      public int images() {
        return labels.length;
      }

      @Override
      public IntTensor allocate(int batch) {
        return IntTensor.allocate(batch);
      }

      @Override
      public void copy(int image, IntTensor batch, int row) {
        batch.set(row, labels[image]);
      }
    };
  }

  /** A target for every class: 1 present, 0 absent, -1 difficult. */
  static Truth targets(MultiLabelDataset images) {
    int classes = images.classes();
    return new Truth() {
      @Override
      public int images() {
        return images.size();
      }

      @Override
      public IntTensor allocate(int batch) {
        return IntTensor.allocate(batch, classes);
      }

      @Override
      public void copy(int image, IntTensor batch, int row) {
        for (int cls = 0; cls < classes; cls++) {
          batch.set((long) row * classes + cls, number(images.target(image, cls)));
        }
      }
    };
  }

  /** A target as the loss takes it. */
  static int number(Target target) {
    return switch (target) {
      case PRESENT -> 1;
      case ABSENT -> 0;
      case DIFFICULT -> -1;
    };
  }

  /** The reverse of {@link #number}. */
  static Target target(int number) {
    return number > 0 ? Target.PRESENT : number == 0 ? Target.ABSENT : Target.DIFFICULT;
  }
}
