package org.invp.eval;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.TreeMap;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.data.TenCrop;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.io.Fingerprint;
import org.invp.nn.BlockFeatures;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.Network;
import org.invp.nn.TorchRuntime;
import org.invp.tensor.FloatTensor;

/**
 * Runs a data set through a network in evaluation mode, without augmentation, image i to row i. An
 * image of which the network gives numbers that are not finite ends it with {@link
 * org.invp.InvalidDataException}. Borrows the network; call from one thread at a time.
 */
public final class FeatureExtractor {
  private final Network network;
  private final EvaluationTransform view;
  private final int crops;
  private final int batchSize;
  private final int workers;

  /**
   * @param view how images are prepared
   * @param batchSize images per forward pass, at least 1
   * @param workers threads that decode images, at least 1
   */
  public FeatureExtractor(Network network, EvaluationTransform view, int batchSize, int workers) {
    this(network, view, 1, batchSize, workers);
  }

  /**
   * @param view how images are prepared
   * @param crops 1, or 10: an image's features are then the mean over its {@link TenCrop}, as
   *     Chatfield et al. (BMVC 2014, section 3.3, "sum pooling") pool those of sub-images; for a
   *     linear classifier this is the same as the mean of ten logits
   * @param batchSize crops per forward pass, at least 1
   * @param workers threads that decode images, at least 1
   */
  public FeatureExtractor(
      Network network, EvaluationTransform view, int crops, int batchSize, int workers) {
    if (crops != 1 && crops != TenCrop.CROPS) {
      throw new IllegalArgumentException(crops + " crops, allowed: 1 or " + TenCrop.CROPS);
    }
    this.network = network;
    this.view = view;
    this.crops = crops;
    this.batchSize = batchSize;
    this.workers = workers;
  }

  /**
   * Computes backbone features, embeddings or both.
   *
   * @param backbone [N, F], out, or null
   * @param embeddings [N, D], out, or null; not normalised
   * @param betweenBatches called before every batch; it ends the extraction by throwing
   */
  public void extract(
      ImageDataset images, FloatTensor backbone, FloatTensor embeddings, Runnable betweenBatches) {
    if (crops > 1) {
      extractCrops(images, backbone, embeddings, betweenBatches);
      return;
    }
    try (DataLoader loader = new DataLoader(images, view, batchSize, workers, 0, true)) {
      loader.forEach(
          0,
          betweenBatches,
          batch -> {
            int row = batch.indices().get(0);
            FloatTensor features =
                backbone == null ? null : Rows.slice(backbone, row, batch.size());
            FloatTensor outputs =
                embeddings == null ? null : Rows.slice(embeddings, row, batch.size());
            network.embed(batch.images(), features, outputs);
            FiniteRows.require(features, images, batch.indices());
            FiniteRows.require(outputs, images, batch.indices());
          });
    }
  }

  /**
   * Computes features from inside the backbone.
   *
   * @param layers blocks of the network, in ascending order
   * @param rows [N, length] for each of them, out
   * @throws IllegalStateException if an image has several crops
   */
  void extractBlocks(
      ImageDataset images, List<Pooled> layers, List<FloatTensor> rows, Runnable betweenBatches) {
    if (crops > 1) {
      throw new IllegalStateException("features of blocks are of one crop");
    }
    try (DataLoader loader = new DataLoader(images, view, batchSize, workers, 0, true);
        BlockFeatures blocks = new BlockFeatures(network, layers)) {
      loader.forEach(
          0,
          betweenBatches,
          batch -> {
            blocks.compute(batch.images());
            int row = batch.indices().get(0);
            for (int layer = 0; layer < layers.size(); layer++) {
              FloatTensor target = Rows.slice(rows.get(layer), row, batch.size());
              target.copyFrom(blocks.features(layer));
              FiniteRows.require(target, images, batch.indices());
            }
          });
    }
  }

  private void extractCrops(
      ImageDataset images, FloatTensor backbone, FloatTensor embeddings, Runnable betweenBatches) {
    int imagesAtOnce = Math.max(1, batchSize / crops);
    long rows = (long) crops * imagesAtOnce;
    try (DataLoader loader =
            new DataLoader(images, new TenCrop(view), imagesAtOnce, workers, 0, true);
        FloatTensor features = FloatTensor.allocate(rows, network.featureDimension());
        FloatTensor outputs = FloatTensor.allocate(rows, network.embeddingDimension())) {
      loader.forEach(
          0,
          betweenBatches,
          batch -> {
            int size = batch.size();
            int row = batch.indices().get(0);
            long views = (long) crops * size;
            FloatTensor cut =
                FloatTensor.view(
                    batch.images().segment(), views, view.channels(), view.height(), view.width());
            network.embed(
                cut,
                backbone == null ? null : features.slice(views),
                embeddings == null ? null : outputs.slice(views));
            if (backbone != null) {
              FloatTensor target = Rows.slice(backbone, row, size);
              means(features, target);
              FiniteRows.require(target, images, batch.indices());
            }
            if (embeddings != null) {
              FloatTensor target = Rows.slice(embeddings, row, size);
              means(outputs, target);
              FiniteRows.require(target, images, batch.indices());
            }
          });
    }
  }

  /** Each row becomes the mean of its {@code crops} consecutive rows. */
  private void means(FloatTensor all, FloatTensor means) {
    long columns = means.shape(1);
    for (long row = 0; row < means.shape(0); row++) {
      for (long column = 0; column < columns; column++) {
        double sum = 0;
        for (int crop = 0; crop < crops; crop++) {
          sum += all.get((row * crops + crop) * columns + column);
        }
        means.set(row * columns + column, (float) (sum / crops));
      }
    }
  }

  Network network() {
    return network;
  }

  /** The view, as a text that differs when the images that it makes do. */
  String viewText() {
    return crops == 1 ? view.toString() : new TenCrop(view).toString();
  }

  /** Adds all that decides an image's features: the network, the view, what computes them. */
  void addTo(Fingerprint fingerprint) {
    try (Arena arena = Arena.ofConfined()) {
      new TreeMap<>(network.options().toMetadata())
          .forEach((key, value) -> fingerprint.add(key).add(value));
      network.state(arena).forEach(fingerprint::add);
    }
    TorchRuntime.Info torch = TorchRuntime.info();
    fingerprint
        .add(viewText())
        .add(network.execution().toString())
        .add(torch.version())
        .add(torch.cpuCapability())
        .add(torch.build())
        .add(NativeLibraries.buildInfo(Room.IMAGE));
  }

  /**
   * The pixels themselves as features: the prepared images, flattened.
   *
   * @param view how images are prepared; mean 0 and deviation 1 leave pixels in [0, 1]
   * @param pixels [N, C H W], out
   */
  static void pixels(
      ImageDataset images,
      EvaluationTransform view,
      int batchSize,
      int workers,
      FloatTensor pixels,
      Runnable betweenBatches) {
    try (DataLoader loader = new DataLoader(images, view, batchSize, workers, 0, true)) {
      loader.start(0, 0);
      long row = 0;
      for (Batch batch = loader.next(betweenBatches);
          batch != null;
          batch = loader.next(betweenBatches)) {
        betweenBatches.run();
        MemorySegment target = Rows.slice(pixels, row, batch.size()).segment();
        target.copyFrom(batch.images().segment());
        row += batch.size();
      }
    }
  }
}
