package org.invp.data;

import java.nio.file.Path;
import org.invp.internal.Text;

/**
 * Which data set to open.
 *
 * @param format how it is stored
 * @param path the folder that holds its files
 * @param formatOptions of the kind that the format has
 */
public record DataOptions(DataFormat format, Path path, FormatOptions formatOptions) {
  /** Checks that format and options belong together. */
  public DataOptions {
    if (formatOptions.getClass() != format.defaults().getClass()) {
      throw new IllegalArgumentException(
          Text.format("%s for format %s", formatOptions.getClass().getSimpleName(), format));
    }
  }

  /** With the format's defaults. */
  public DataOptions(DataFormat format, Path path) {
    this(format, path, format.defaults());
  }
}
