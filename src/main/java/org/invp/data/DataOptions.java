package org.invp.data;

import java.nio.file.Path;
import java.util.List;
import org.invp.internal.Text;

/**
 * Which data set to open.
 *
 * @param format how it is stored
 * @param paths the folders that hold its files, one but for {@link DataFormat#FOLDER}
 * @param formatOptions of the kind that the format has
 */
public record DataOptions(DataFormat format, List<Path> paths, FormatOptions formatOptions) {
  /** Checks that format and options belong together. */
  public DataOptions {
    paths = List.copyOf(paths);
    if (formatOptions.getClass() != format.defaults().getClass()) {
      throw new IllegalArgumentException(
          Text.format("%s for format %s", formatOptions.getClass().getSimpleName(), format));
    }
  }

  /** Of one folder. */
  public DataOptions(DataFormat format, Path path, FormatOptions formatOptions) {
    this(format, List.of(path), formatOptions);
  }

  /** With the format's defaults. */
  public DataOptions(DataFormat format, Path path) {
    this(format, path, format.defaults());
  }
}
