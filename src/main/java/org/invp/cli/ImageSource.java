package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.config.DataConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.DataFormat;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.ImageDataset;
import org.invp.data.ImageExtent;
import org.invp.data.NoTestSetException;
import org.invp.data.Split;
import org.invp.internal.Text;

/** Finds the images that a command names. */
final class ImageSource {
  private static final int SAMPLE = 16;
  private static final int LARGE = 2;

  private ImageSource() {}

  /**
   * Opens a data set.
   *
   * @param data the folders that hold it
   * @param format null for that of the run; folders of images need not have splits: all their
   *     images are meant then
   * @throws InvalidDataException also if the split is that of test images and there are none
   */
  static ImageDataset open(List<Path> data, DataFormat format, Split split, TrainingConfig config) {
    DataFormat stored = format != null ? format : config.data().format();
    boolean splits =
        Stream.of("train", "val", "test")
            .anyMatch(name -> data.stream().anyMatch(one -> Files.isDirectory(one.resolve(name))));
    Split asked = stored == DataFormat.FOLDER && !splits ? Split.TRAIN : split;
    try {
      return Datasets.open(options(data, stored, config.data()), asked);
    } catch (NoTestSetException e) {
      throw new InvalidDataException(
          e.getMessage() + "; --split train takes the training images", e);
    }
  }

  /**
   * What is doubtful about images whose middle alone is seen: where nothing resizes them, and the
   * run does not know how large its training images were, a large one shows next to nothing.
   */
  static Optional<String> doubt(ImageDataset images, TrainingConfig config) {
    int crop = config.evaluation().crop();
    if (config.evaluation().resize() > 0) {
      return Optional.empty();
    }
    return ImageExtent.sample(images, SAMPLE).stream()
        .filter(extent -> Math.min(extent.height(), extent.width()) >= LARGE * crop)
        .findFirst()
        .map(
            extent ->
                Text.format(
                    "evaluation.resize is 0, so that of an image of %d x %d pixels only the middle"
                        + " %d x %d are seen; --set evaluation.resize=%d takes in more",
                    extent.width(), extent.height(), crop, crop, crop));
  }

  /** The settings of the run's format hold for other data of the same format. */
  private static DataOptions options(List<Path> data, DataFormat stored, DataConfig trained) {
    return new DataOptions(
        stored, data, stored == trained.format() ? trained.formatOptions() : stored.defaults());
  }
}
