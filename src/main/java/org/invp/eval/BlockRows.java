package org.invp.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.io.NamedTensor;
import org.invp.io.Scratch;
import org.invp.io.TensorFile;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.tensor.FloatTensor;

/**
 * Features of several blocks of a frozen network for those images of a data set that could be read,
 * {@link #images}, image i of these in row i: mapped from the files of a cache, or from a file that
 * nobody keeps, so they need not fit into memory. Owns them, until {@link #close}.
 */
final class BlockRows implements AutoCloseable {
  private final List<FloatTensor> rows;
  private final List<TensorFile> files = new ArrayList<>();
  private final List<FloatTensor> unkept = new ArrayList<>();
  private ImageDataset images;

  private BlockRows(int layers, ImageDataset images) {
    this.images = images;
    rows = new ArrayList<>(Collections.nCopies(layers, (FloatTensor) null));
  }

  /**
   * Computes the features, or gets them from where they were kept; one pass over the images at
   * most.
   *
   * @param extractor of one crop
   * @param layers blocks in ascending order
   * @param betweenBatches called before every batch; it ends the extraction by throwing
   * @throws org.invp.InvalidDataException if no image could be read
   */
  static BlockRows of(
      List<Pooled> layers,
      ImageDataset images,
      FeatureExtractor extractor,
      FeatureCache cache,
      Runnable betweenBatches) {
    BlockRows found = new BlockRows(layers.size(), images);
    try {
      String fingerprint = cache.keeps() ? FeatureCache.fingerprint(extractor, images) : "";
      List<Integer> missing = new ArrayList<>();
      for (int layer = 0; layer < layers.size(); layer++) {
        if (!found.take(cache, fingerprint, layers.get(layer), layer, images.size())) {
          missing.add(layer);
        }
      }
      if (!missing.isEmpty()) {
        found.compute(missing, layers, images, extractor, cache, fingerprint, betweenBatches);
      }
      return found;
    } catch (RuntimeException | Error e) {
      found.close();
      throw e;
    }
  }

  private boolean take(
      FeatureCache cache, String fingerprint, Pooled layer, int place, long images) {
    long[] shape = {images, layer.length()};
    TensorFile file = cache.find(fingerprint, name(layer), shape);
    if (file == null) {
      return false;
    }
    files.add(file);
    NamedTensor tensor = file.tensor(name(layer)).orElseThrow();
    rows.set(place, FloatTensor.view(tensor.data(), shape));
    return true;
  }

  private void compute(
      List<Integer> missing,
      List<Pooled> layers,
      ImageDataset images,
      FeatureExtractor extractor,
      FeatureCache cache,
      String fingerprint,
      Runnable betweenBatches) {
    Path folder = cache.scratchFolder();
    List<FloatTensor> scratch = new ArrayList<>();
    try {
      for (int layer : missing) {
        scratch.add(Scratch.allocate(folder, images.size(), layers.get(layer).length()));
      }
      ReadImages read =
          extractor.extractBlocks(
              images, missing.stream().map(layers::get).toList(), scratch, betweenBatches);
      read.requireAny(images);
      if (!read.all()) {
        takeWhatWasRead(read, layers, images, extractor, scratch, betweenBatches);
        return;
      }
      for (int i = 0; i < missing.size(); i++) {
        int place = missing.get(i);
        Pooled layer = layers.get(place);
        cache.keep(fingerprint, name(layer), scratch.get(i), extractor, images);
        if (!take(cache, fingerprint, layer, place, images.size())) {
          unkept.add(scratch.get(i));
          rows.set(place, scratch.get(i));
          scratch.set(i, null);
        }
      }
    } finally {
      scratch.stream().filter(tensor -> tensor != null).forEach(FloatTensor::close);
    }
  }

  /** Nothing is kept. Layers that were have rows of all images, so they are computed like these. */
  private void takeWhatWasRead(
      ReadImages read,
      List<Pooled> layers,
      ImageDataset whole,
      FeatureExtractor extractor,
      List<FloatTensor> scratch,
      Runnable betweenBatches) {
    if (scratch.size() < layers.size()) {
      files.forEach(TensorFile::close);
      files.clear();
      List<Integer> all = IntStream.range(0, layers.size()).boxed().toList();
      compute(all, layers, whole, extractor, FeatureCache.none(), "", betweenBatches);
      return;
    }
    images = read.of(whole);
    for (int place = 0; place < layers.size(); place++) {
      unkept.add(scratch.get(place));
      rows.set(place, read.together(scratch.get(place)));
      scratch.set(place, null);
    }
  }

  /** The images that the rows are of; shares the memory of the data set that was given. */
  ImageDataset images() {
    return images;
  }

  /** Part of a file's name: the block and the side of its grid of cells. */
  private static String name(Pooled layer) {
    return Text.format("block.%s.%d", layer.block().name(), layer.pool());
  }

  /** The features, in the order of the layers, [N, length] each; this object's. */
  List<FloatTensor> rows() {
    return List.copyOf(rows);
  }

  /** Idempotent. */
  @Override
  public void close() {
    files.forEach(TensorFile::close);
    unkept.forEach(FloatTensor::close);
  }
}
