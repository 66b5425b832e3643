package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.invp.config.DataConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.DataFormat;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.FolderDataset;
import org.invp.data.ImageDataset;
import org.invp.data.Split;

/** Finds the images that a command names. */
final class ImageSource {
  private ImageSource() {}

  /**
   * Opens a data set.
   *
   * @param format null for that of the run; a folder of images need not have splits: it may hold
   *     the classes themselves
   */
  static ImageDataset open(Path data, DataFormat format, Split split, TrainingConfig config) {
    DataFormat stored = format != null ? format : config.data().format();
    boolean splits =
        Stream.of("train", "val", "test").anyMatch(name -> Files.isDirectory(data.resolve(name)));
    return stored == DataFormat.FOLDER && !splits
        ? FolderDataset.open(data)
        : Datasets.open(options(data, stored, config.data()), split);
  }

  /** The settings of the run's format hold for other data of the same format. */
  private static DataOptions options(Path data, DataFormat stored, DataConfig trained) {
    return stored == trained.format()
        ? new DataOptions(stored, data, trained.formatOptions())
        : new DataOptions(stored, data);
  }
}
