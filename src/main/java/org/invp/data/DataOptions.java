package org.invp.data;

import java.nio.file.Path;

/**
 * Which data set to open.
 *
 * @param format how it is stored
 * @param path the folder that holds its files
 * @param trainLimit use only the first that many training images; 0 for all
 * @param formatOptions of the kind that the format has
 */
public record DataOptions(
    DataFormat format, Path path, int trainLimit, FormatOptions formatOptions) {
  /** Checks the ranges. */
  public DataOptions {
    Checks.within("limit", trainLimit, 0, Integer.MAX_VALUE);
    if (formatOptions.getClass() != format.defaults().getClass()) {
      throw new IllegalArgumentException(
          "%s for format %s".formatted(formatOptions.getClass().getSimpleName(), format));
    }
  }

  /** With the format's defaults. */
  public DataOptions(DataFormat format, Path path, int trainLimit) {
    this(format, path, trainLimit, format.defaults());
  }
}
