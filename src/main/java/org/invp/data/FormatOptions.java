package org.invp.data;

/** Settings that only some formats have. A null stands for none. */
public sealed interface FormatOptions {
  /** Of formats without settings. */
  record None() implements FormatOptions {}

  /**
   * Of {@link DataFormat#FOLDER}.
   *
   * @param labels whether folders are classes
   */
  record Folders(Labels labels) implements FormatOptions {
    /** Whether the folders below a split are classes. */
    public enum Labels {
      /**
       * With a test set of folders they are. Otherwise they are if every image lies directly in one
       * of at least two folders; in a collection that is nested or flat the images have no labels.
       */
      AUTO,
      /** Each is a class, with all images below it. */
      FOLDERS,
      /** Images have no labels, wherever they lie. */
      NONE
    }

    /** What the layout says. */
    public static final Folders AUTO = new Folders(Labels.AUTO);
  }

  /**
   * Of {@link DataFormat#IMAGENET}.
   *
   * @param classesFile chooses classes, a WordNet id at the start of each line; null for all
   * @param testList the classes of the images of a flat {@code val/}; null to look for the usual
   *     files
   */
  record ImageNet(String classesFile, String testList) implements FormatOptions {}

  /**
   * Of {@link DataFormat#LIST} and {@link DataFormat#PLACES205}.
   *
   * @param list names the training images, relative to the data set's folder
   * @param testList names the test images; null for none
   * @param images the folder that paths in the lists count from; null for the data set's folder
   * @param classesFile the classes' names, one per line in the order of their labels; null for
   *     numbers
   */
  record Lists(String list, String testList, String images, String classesFile)
      implements FormatOptions {
    /** The layout of Places205 as MIT published it. */
    public static final Lists PLACES205 =
        new Lists(
            "trainvalsplit_places205/train_places205.csv",
            "trainvalsplit_places205/val_places205.csv",
            "data/vision/torralba/deeplearning/images256",
            null);
  }

  /**
   * Of {@link DataFormat#SVHN}.
   *
   * @param extra whether the training images include {@code extra_32x32.mat}
   */
  record Svhn(boolean extra) implements FormatOptions {}

  /**
   * Of {@link DataFormat#CALTECH101}, whose split is drawn.
   *
   * @param trainPerClass training images of each class
   * @param testPerClass at most so many others of each class are test images; 0 for all
   * @param splitSeed the start of the random numbers
   * @param background whether BACKGROUND_Google counts as a class
   */
  record Caltech(int trainPerClass, int testPerClass, long splitSeed, boolean background)
      implements FormatOptions {
    /** 30 training images per class, all others test images, 102 classes. */
    public static final Caltech PUBLISHED = new Caltech(30, 0, 0, true);
  }

  /**
   * Of {@link DataFormat#WM811K}.
   *
   * @param unlabelled whether the training images include the wafers without a label
   */
  record Wafers(boolean unlabelled) implements FormatOptions {}
}
