package org.invp.eval;

import java.util.List;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.ImageDataset;
import org.invp.data.Transform;
import org.invp.nn.BlockFeatures;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Features computed batch by batch, from views that may be drawn anew in every epoch. */
final class ComputedFeatures implements LabelledFeatures {
  private final ImageDataset images;
  private final int layers;
  private final Truth truth;
  private final Runnable betweenBatches;
  private final DataLoader loader;
  private final BlockFeatures blocks;
  private final IntTensor known;
  private int size;
  private int seen;

  ComputedFeatures(
      Network network,
      List<BlockFeatures.Pooled> layers,
      ImageDataset images,
      Truth truth,
      Transform view,
      int batchSize,
      int workers,
      long seed,
      Runnable betweenBatches) {
    this.images = images;
    this.layers = layers.size();
    this.truth = truth;
    this.betweenBatches = betweenBatches;
    int capacity = Math.min(batchSize, images.size());
    loader = new DataLoader(images, view, capacity, workers, seed, true);
    blocks = new BlockFeatures(network, layers);
    known = truth.allocate(capacity);
  }

  @Override
  public int images() {
    return truth.images();
  }

  @Override
  public int batches() {
    return loader.batches();
  }

  @Override
  public void start(int epoch) {
    loader.start(epoch, 0);
    seen = 0;
  }

  @Override
  public boolean next() {
    Batch batch = loader.next(betweenBatches);
    while (batch != null && batch.size() == 0) { // None of its images could be read.
      batch = loader.next(betweenBatches);
    }
    if (batch == null) {
      if (seen == 0) {
        throw ReadImages.noneOf(images);
      }
      return false;
    }
    size = batch.size();
    seen += size;
    for (int i = 0; i < size; i++) {
      truth.copy(batch.indices().get(i), known, i);
    }
    blocks.compute(batch.images());
    for (int layer = 0; layer < layers; layer++) {
      FiniteRows.require(blocks.features(layer), images, batch.indices());
    }
    return true;
  }

  @Override
  public FloatTensor features(int layer) {
    return blocks.features(layer);
  }

  @Override
  public IntTensor truth() {
    return known.slice(size);
  }

  @Override
  public void close() {
    loader.close();
    blocks.close();
    known.close();
  }
}
