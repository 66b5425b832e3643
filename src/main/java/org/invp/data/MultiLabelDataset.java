package org.invp.data;

import org.invp.InvalidDataException;

/**
 * Images of which each may show several classes at once, as Pascal VOC's do. {@link #label} is the
 * first class that an image shows, for displays and for protocols that know one class per image.
 */
public interface MultiLabelDataset extends ImageDataset {
  /** What an image shows of one class. */
  enum Target {
    /** No object of the class. */
    ABSENT,
    /** At least one object that is not difficult. */
    PRESENT,
    /**
     * Only objects marked as difficult, which the published evaluation neither asks for nor
     * punishes.
     */
    DIFFICULT
  }

  /**
   * What an image shows of a class.
   *
   * @param image in 0..size()-1
   * @param cls a position in {@link #classNames()}
   */
  Target target(int image, int cls);

  /** The number of classes. */
  @Override
  default int classes() {
    return ImageDataset.super.classes();
  }

  /** The first class that is present, else the first that is difficult. */
  @Override
  default int label(int index) {
    int difficult = -1;
    for (int cls = 0; cls < classes(); cls++) {
      Target target = target(index, cls);
      if (target == Target.PRESENT) {
        return cls;
      }
      if (target == Target.DIFFICULT && difficult < 0) {
        difficult = cls;
      }
    }
    if (difficult < 0) {
      throw new InvalidDataException(describe(index) + ": an image of no class");
    }
    return difficult;
  }

  @Override
  default MultiLabelDataset subset(int count) {
    return (MultiLabelDataset) ImageDataset.super.subset(count);
  }

  @Override
  default MultiLabelDataset select(int... images) {
    return new MultiLabelSelection(this, images);
  }
}
