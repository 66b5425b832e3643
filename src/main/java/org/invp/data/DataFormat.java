package org.invp.data;

/** How a data set is stored. */
public enum DataFormat {
  /** MNIST's own files, gzip-compressed or not. */
  IDX,
  /** CIFAR-10's binary version. */
  CIFAR10,
  /** CIFAR-100's binary version, fine labels. */
  CIFAR100,
  /** {@code train/} and {@code val/} with one folder of image files per class. */
  FOLDER
}
