package org.invp.config;

/**
 * Where the images are.
 *
 * @param format how they are stored
 * @param path the folder that holds them; relative paths count from the working directory
 * @param limit use only the first that many training images; 0 for all
 * @param workers threads that decode and augment; 0 for as many as there are processors. The images
 *     that come out do not depend on it
 */
public record DataConfig(Format format, String path, int limit, int workers) {
  /** How a data set is stored. */
  public enum Format {
    /** MNIST's own files, also Fashion-MNIST's, compressed or not. */
    IDX,
    /** CIFAR-10's binary version. */
    CIFAR10,
    /** CIFAR-100's binary version. */
    CIFAR100,
    /** {@code train/} and {@code val/} with one folder of JPEG and PNG files per class. */
    FOLDER
  }

  static DataConfig read(Section section) {
    return new DataConfig(
        section.choice("format", null, Format.class),
        section.text("path"),
        section.integer("limit", 0, Range.atLeast(0)),
        section.integer("workers", 0, Range.between(0, 1024)));
  }

  /** The number of worker threads, with 0 resolved. */
  public int resolvedWorkers() {
    return workers > 0 ? workers : Runtime.getRuntime().availableProcessors();
  }
}
