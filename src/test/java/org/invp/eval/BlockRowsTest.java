package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.invp.data.Batch;
import org.invp.data.DataFormat;
import org.invp.data.DataLoader;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import org.invp.nn.BlockFeatures;
import org.invp.nn.BlockFeatures.Pooled;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockRowsTest {
  private static final EvaluationTransform VIEW =
      new EvaluationTransform(
          0, TinyRun.SIDE, TinyRun.SIDE, new Normalisation(List.of(0.5), List.of(0.25)));

  @TempDir Path temp;
  private Path folder;
  private ImageDataset images;
  private Network network;
  private List<Pooled> layers;
  private final AtomicInteger batches = new AtomicInteger();

  @BeforeEach
  void open() {
    folder = temp.resolve("cache");
    images =
        Datasets.open(
            new DataOptions(DataFormat.IDX, TinyRun.writeData(temp.resolve("data"))), Split.TRAIN);
    network =
        Network.create(
            new NetworkOptions(
                Architecture.RESNET18,
                Stem.CIFAR,
                1,
                4,
                6,
                Head.LINEAR,
                0,
                false,
                Initialisation.DEFAULT),
            1);
    layers = LinearSettings.imagenet(0).layers(network.blocks(), TinyRun.SIDE);
    assertEquals(9, layers.size());
  }

  @AfterEach
  void close() {
    network.close();
    images.close();
  }

  @Test
  void everyLayerHasTheFeaturesOfItsBlock() {
    for (FeatureCache cache :
        List.of(FeatureCache.none(), FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES))) {
      try (BlockRows rows = rows(cache);
          DataLoader loader = new DataLoader(images, VIEW, 22, 1, 0, true);
          BlockFeatures expected = new BlockFeatures(network, layers)) {
        loader.start(0, 0);
        Batch all = loader.next();
        expected.compute(all.images());
        for (int layer = 0; layer < layers.size(); layer++) {
          assertArrayEquals(
              expected.features(layer).toArray(), rows.rows().get(layer).toArray(), 1e-5f);
        }
      }
    }
  }

  @Test
  void whatWasComputedOnceIsReadAfterwards() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    float[] before = stem(cache);
    assertEquals(3, batches.get());
    assertEquals(9, files().size(), "one file for each layer, and no scratch: " + files());
    batches.set(0);
    assertArrayEquals(before, stem(cache));
    assertEquals(0, batches.get());
    Files.delete(files().get(3));
    assertArrayEquals(before, stem(cache));
    assertEquals(3, batches.get());
    assertEquals(9, files().size());
  }

  @Test
  void aCacheTooSmallForThemStillGivesThem() {
    float[] before = stem(FeatureCache.none());
    assertArrayEquals(before, stem(FeatureCache.in(folder, 1000)));
    assertTrue(batches.get() > 0);
  }

  @Test
  void clearingTheCacheDeletesThemToo() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    stem(cache);
    cache.clear();
    assertEquals(List.of(), files());
  }

  private BlockRows rows(FeatureCache cache) {
    return BlockRows.of(
        layers, images, new FeatureExtractor(network, VIEW, 8, 1), cache, batches::incrementAndGet);
  }

  private float[] stem(FeatureCache cache) {
    try (BlockRows rows = rows(cache)) {
      FloatTensor first = rows.rows().get(0);
      return first.toArray();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
