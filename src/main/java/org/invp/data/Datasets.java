package org.invp.data;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.invp.data.sets.Caltech101;
import org.invp.data.sets.Cub200;
import org.invp.data.sets.Flowers102;
import org.invp.data.sets.ImageNet;
import org.invp.data.sets.ListedImages;
import org.invp.data.sets.OxfordPets;
import org.invp.data.sets.StanfordCars;
import org.invp.data.sets.Voc2007;
import org.invp.tensor.FloatTensor;

/** Opens data sets, and loads small ones whole. */
public final class Datasets {
  private Datasets() {}

  /**
   * Opens one split of a data set.
   *
   * @throws NoTestSetException if it has no test images, which a data set need not have
   * @throws org.invp.InvalidDataException if a file is missing or wrong, naming it
   */
  public static ImageDataset open(DataOptions options, Split split) {
    Path path = options.paths().get(0);
    return switch (options.format()) {
      case IDX -> IdxDataset.open(path, split);
      case CIFAR10 -> CifarDataset.open(path, split, CifarDataset.Variant.CIFAR10);
      case CIFAR100 -> CifarDataset.open(path, split, CifarDataset.Variant.CIFAR100);
      case FOLDER ->
          FolderDataset.open(
              options.paths(), split, ((FormatOptions.Folders) options.formatOptions()).labels());
      case IMAGENET -> ImageNet.open(path, split, (FormatOptions.ImageNet) options.formatOptions());
      case LIST, PLACES205 ->
          ListedImages.open(path, split, (FormatOptions.Lists) options.formatOptions());
      case SVHN -> SvhnDataset.open(path, split, (FormatOptions.Svhn) options.formatOptions());
      case VOC2007 -> Voc2007.open(path, split);
      case CALTECH101 ->
          Caltech101.open(path, split, (FormatOptions.Caltech) options.formatOptions());
      case CUB200 -> Cub200.open(path, split);
      case FLOWERS102 -> Flowers102.open(path, split);
      case PETS -> OxfordPets.open(path, split);
      case CARS -> StanfordCars.open(path, split);
      case WM811K -> WaferDataset.open(path, split, (FormatOptions.Wafers) options.formatOptions());
    };
  }

  /**
   * The pixels of all images of a data set whose images have one size, unchanged, scaled to [0, 1]:
   * [N, channels * height * width]. The caller closes the tensor.
   *
   * @throws IllegalArgumentException if the images have different sizes
   */
  public static FloatTensor pixels(ImageDataset dataset, int workers) {
    int height = dataset.imageHeight();
    int width = dataset.imageWidth();
    if (height == 0 || width == 0) {
      throw new IllegalArgumentException(
          "raw pixels of images that differ in size; choose an evaluation transform");
    }
    return load(dataset, EvaluationTransform.raw(height, width, dataset.channels()), workers);
  }

  /**
   * All images of a data set under an evaluation transform, in order: [N, channels * height *
   * width]; a row of NaN for one that could not be read and is skipped. The caller closes the
   * tensor.
   */
  public static FloatTensor load(ImageDataset dataset, EvaluationTransform transform, int workers) {
    long elements = (long) transform.channels() * transform.height() * transform.width();
    FloatTensor all = FloatTensor.allocate(dataset.size(), elements);
    int batchSize = Math.min(dataset.size(), 256);
    try (DataLoader loader = new DataLoader(dataset, transform, batchSize, workers, 0, true)) {
      long bytes = elements * Float.BYTES;
      if (transform.decoding().skips()) {
        for (long at = 0; at < all.size(); at++) {
          all.set(at, Float.NaN);
        }
      }
      loader.forEach(
          0,
          () -> {},
          batch -> {
            MemorySegment images = batch.images().segment();
            for (int i = 0; i < batch.size(); i++) {
              long at = batch.indices().get(i) * bytes;
              MemorySegment.copy(images, i * bytes, all.segment(), at, bytes);
            }
          });
      return all;
    } catch (RuntimeException e) {
      all.close();
      throw e;
    }
  }
}
