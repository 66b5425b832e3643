package org.invp.data;

import java.nio.file.Path;

/**
 * Which data set to open.
 *
 * @param format how it is stored
 * @param path the folder that holds its files
 * @param trainLimit use only the first that many training images; 0 for all
 */
public record DataOptions(DataFormat format, Path path, int trainLimit) {
  /** Checks the ranges. */
  public DataOptions {
    Checks.within("limit", trainLimit, 0, Integer.MAX_VALUE);
  }
}
