package org.invp.data;

/** How a data set is stored. */
public enum DataFormat {
  /** MNIST's own files, gzip-compressed or not. */
  IDX(new FormatOptions.None()),
  /** CIFAR-10's binary version. */
  CIFAR10(new FormatOptions.None()),
  /** CIFAR-100's binary version, fine labels. */
  CIFAR100(new FormatOptions.None()),
  /** Image files below one or several folders, with or without a folder per class. */
  FOLDER(FormatOptions.Folders.AUTO),
  /** The same with WordNet ids, chosen classes, or validation images in one folder. */
  IMAGENET(new FormatOptions.ImageNet(null, null)),
  /** Files that name images and their labels. */
  LIST(new FormatOptions.Lists(null, null, null, null)),
  /** Places205's own lists. */
  PLACES205(FormatOptions.Lists.PLACES205),
  /** Street View House Numbers, cropped digits. */
  SVHN(new FormatOptions.Svhn(false)),
  /** Pascal VOC 2007, several classes per image. */
  VOC2007(new FormatOptions.None()),
  /** Caltech-101. */
  CALTECH101(FormatOptions.Caltech.PUBLISHED),
  /** Caltech-UCSD Birds-200-2011. */
  CUB200(new FormatOptions.None()),
  /** Oxford 102 flowers. */
  FLOWERS102(new FormatOptions.None()),
  /** Oxford-IIIT pets. */
  PETS(new FormatOptions.None()),
  /** Stanford cars. */
  CARS(new FormatOptions.None()),
  /** Wafer maps, converted by scripts/convert-wm811k.py. */
  WM811K(new FormatOptions.Wafers(false));

  private final FormatOptions defaults;

  DataFormat(FormatOptions defaults) {
    this.defaults = defaults;
  }

  /** The format's settings where nothing is said. */
  public FormatOptions defaults() {
    return defaults;
  }
}
