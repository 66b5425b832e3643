package org.invp.eval;

import com.google.errorprone.annotations.CheckReturnValue;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
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
   * @return the images that could be read; the rows of all others are NaN
   */
  @CheckReturnValue
  public ReadImages extract(
      ImageDataset images, FloatTensor backbone, FloatTensor embeddings, Runnable betweenBatches) {
    List<FloatTensor> rows = Arrays.asList(backbone, embeddings);
    if (crops > 1) {
      return extractCrops(images, rows, betweenBatches);
    }
    return RowPass.over(
        images,
        view,
        batchSize,
        workers,
        rows,
        betweenBatches,
        (batch, own) -> network.embed(batch.images(), own.get(0), own.get(1)));
  }

  /**
   * Computes features from inside the backbone.
   *
   * @param layers blocks of the network, in ascending order
   * @param rows [N, length] for each of them, out
   * @return as {@link #extract}
   * @throws IllegalStateException if an image has several crops
   */
  @CheckReturnValue
  ReadImages extractBlocks(
      ImageDataset images, List<Pooled> layers, List<FloatTensor> rows, Runnable betweenBatches) {
    if (crops > 1) {
      throw new IllegalStateException("features of blocks are of one crop");
    }
    try (BlockFeatures blocks = new BlockFeatures(network, layers)) {
      return RowPass.over(
          images,
          view,
          batchSize,
          workers,
          rows,
          betweenBatches,
          (batch, own) -> {
            blocks.compute(batch.images());
            for (int layer = 0; layer < layers.size(); layer++) {
              own.get(layer).copyFrom(blocks.features(layer));
            }
          });
    }
  }

  private ReadImages extractCrops(
      ImageDataset images, List<FloatTensor> rows, Runnable betweenBatches) {
    int imagesAtOnce = Math.max(1, batchSize / crops);
    long most = (long) crops * imagesAtOnce;
    try (FloatTensor features = FloatTensor.allocate(most, network.featureDimension());
        FloatTensor outputs = FloatTensor.allocate(most, network.embeddingDimension())) {
      return RowPass.over(
          images,
          new TenCrop(view),
          imagesAtOnce,
          workers,
          rows,
          betweenBatches,
          (batch, own) -> {
            long views = (long) crops * batch.size();
            FloatTensor cut =
                FloatTensor.view(
                    batch.images().segment(), views, view.channels(), view.height(), view.width());
            FloatTensor backbone = own.get(0);
            FloatTensor embeddings = own.get(1);
            network.embed(
                cut,
                backbone == null ? null : features.slice(views),
                embeddings == null ? null : outputs.slice(views));
            if (backbone != null) {
              means(features, backbone);
            }
            if (embeddings != null) {
              means(outputs, embeddings);
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
    if (view.decoding().skips()) {
      fingerprint.add("without unreadable images"); // Once they were blank.
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
   * @return as {@link #extract}
   */
  @CheckReturnValue
  static ReadImages pixels(
      ImageDataset images,
      EvaluationTransform view,
      int batchSize,
      int workers,
      FloatTensor pixels,
      Runnable betweenBatches) {
    return RowPass.over(
        images,
        view,
        batchSize,
        workers,
        List.of(pixels),
        betweenBatches,
        (batch, own) -> own.get(0).segment().copyFrom(batch.images().segment()));
  }
}
