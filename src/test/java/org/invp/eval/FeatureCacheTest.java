package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.invp.data.DataFormat;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureCacheTest {
  private static final EvaluationTransform VIEW =
      new EvaluationTransform(
          0, TinyRun.SIDE, TinyRun.SIDE, new Normalisation(List.of(0.5), List.of(0.25)));

  @TempDir static Path shared;
  private static Path data;
  private static ImageDataset images;
  private static Network network;

  @TempDir Path folder;
  private final AtomicInteger batches = new AtomicInteger();

  @BeforeAll
  static void open() {
    data = TinyRun.writeData(shared.resolve("data"));
    images = open(data, TinyRun.TRAIN_IMAGES);
    network = Network.create(options(), 1);
  }

  @AfterAll
  static void close() {
    network.close();
    images.close();
  }

  @Test
  void whatWasComputedOnceIsReadAfterwards() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    float[] fresh = embeddings(FeatureCache.none(), network, images, VIEW);
    assertArrayEquals(fresh, embeddings(cache, network, images, VIEW));
    assertEquals(1, files().size());
    batches.set(0);
    assertArrayEquals(fresh, embeddings(cache, network, images, VIEW));
    assertEquals(0, batches.get());
  }

  @Test
  void onlyTheOutputThatIsMissingIsComputed() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    float[] before = embeddings(cache, network, images, VIEW);
    try (FloatTensor backbone = FloatTensor.allocate(images.size(), network.featureDimension());
        FloatTensor embeddings = FloatTensor.allocate(images.size(), network.embeddingDimension());
        FloatTensor expected = FloatTensor.allocate(images.size(), network.featureDimension())) {
      assertTrue(
          cache.extract(extractor(network, VIEW), images, backbone, embeddings, () -> {}).all());
      assertTrue(extractor(network, VIEW).extract(images, expected, null, () -> {}).all());
      assertArrayEquals(before, embeddings.toArray());
      assertArrayEquals(expected.toArray(), backbone.toArray());
    }
    assertEquals(2, files().size());
  }

  @Test
  void anotherNetworkDataSetOrViewHasFeaturesOfItsOwn() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    embeddings(cache, network, images, VIEW);
    try (Network other = Network.create(options(), 2)) {
      embeddings(cache, other, images, VIEW);
    }
    assertEquals(2, files().size());
    try (ImageDataset fewer = open(data, 20)) {
      embeddings(cache, network, fewer, VIEW);
    }
    assertEquals(3, files().size());
    EvaluationTransform brighter =
        new EvaluationTransform(
            0, TinyRun.SIDE, TinyRun.SIDE, new Normalisation(List.of(0.4), List.of(0.25)));
    embeddings(cache, network, images, brighter);
    assertEquals(4, files().size());
  }

  @Test
  void aChangedImageIsNoticed() throws IOException {
    Path copy = TinyRun.writeData(folder.resolve("data"));
    Path features = folder.resolve("features");
    FeatureCache cache = FeatureCache.in(features, FeatureCache.DEFAULT_BYTES);
    try (ImageDataset before = open(copy, TinyRun.TRAIN_IMAGES)) {
      embeddings(cache, network, before, VIEW);
    }
    Path file = copy.resolve("train-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    batches.set(0);
    try (ImageDataset after = open(copy, TinyRun.TRAIN_IMAGES)) {
      embeddings(cache, network, after, VIEW);
    }
    assertTrue(batches.get() > 0);
  }

  @Test
  void aDamagedFileIsComputedAnewAndReplaced() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    float[] good = embeddings(cache, network, images, VIEW);
    Path file = files().getFirst();
    byte[] bytes = Files.readAllBytes(file);
    for (int at : new int[] {3, bytes.length / 2, bytes.length - 1}) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= 0x10;
      Files.write(file, damaged);
      assertArrayEquals(good, embeddings(cache, network, images, VIEW));
      assertArrayEquals(bytes, Files.readAllBytes(file));
    }
    Files.write(file, new byte[7]);
    assertArrayEquals(good, embeddings(cache, network, images, VIEW));
    assertArrayEquals(bytes, Files.readAllBytes(file));
  }

  @Test
  void featuresUnderAWrongNameAreNotBelieved() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    float[] good = embeddings(cache, network, images, VIEW);
    Path own = files().getFirst();
    try (Network other = Network.create(options(), 2)) {
      embeddings(cache, other, images, VIEW);
    }
    Path foreign = files().stream().filter(file -> !file.equals(own)).findFirst().orElseThrow();
    Files.copy(foreign, own, StandardCopyOption.REPLACE_EXISTING);
    assertArrayEquals(good, embeddings(cache, network, images, VIEW));
  }

  @Test
  void theFeaturesUnusedForLongestMakeRoom() throws IOException {
    FeatureCache unlimited = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    embeddings(unlimited, network, images, VIEW);
    Path first = files().getFirst();
    long bytes = Files.size(first);
    FeatureCache small = FeatureCache.in(folder, 2 * bytes);
    for (int seed = 2; seed < 4; seed++) {
      Files.setLastModifiedTime(first, FileTime.fromMillis(seed));
      try (Network other = Network.create(options(), seed)) {
        embeddings(small, other, images, VIEW);
      }
    }
    assertFalse(Files.exists(first));
    assertTrue(files().size() >= 1);
    try (Stream<Path> kept = files().stream()) {
      assertTrue(kept.mapToLong(file -> file.toFile().length()).sum() <= 2 * bytes);
    }
  }

  @Test
  void featuresBeyondTheLimitAreNotKept() {
    FeatureCache tiny = FeatureCache.in(folder.resolve("none"), 100);
    assertEquals(images.size() * 6, embeddings(tiny, network, images, VIEW).length);
    assertFalse(Files.exists(folder.resolve("none")));
  }

  @Test
  void clearingLeavesOtherPeoplesFiles() throws IOException {
    FeatureCache cache = FeatureCache.in(folder, FeatureCache.DEFAULT_BYTES);
    embeddings(cache, network, images, VIEW);
    Path mine = Files.writeString(folder.resolve("weights.safetensors"), "mine");
    cache.clear();
    assertEquals(List.of(mine), files());
  }

  @Test
  void aFolderThatCannotBeWrittenCostsOnlyTime() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    FeatureCache cache = FeatureCache.in(file.resolve("cache"), FeatureCache.DEFAULT_BYTES);
    assertEquals(images.size() * 6, embeddings(cache, network, images, VIEW).length);
  }

  private float[] embeddings(
      FeatureCache cache, Network of, ImageDataset from, EvaluationTransform view) {
    try (FloatTensor embeddings = FloatTensor.allocate(from.size(), of.embeddingDimension())) {
      assertTrue(
          cache
              .extract(extractor(of, view), from, null, embeddings, batches::incrementAndGet)
              .all());
      return embeddings.toArray();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static NetworkOptions options() {
    return new NetworkOptions(
        Architecture.RESNET18, Stem.CIFAR, 1, 4, 6, Head.LINEAR, 1, true, Initialisation.KAIMING);
  }

  private static FeatureExtractor extractor(Network of, EvaluationTransform view) {
    return new FeatureExtractor(of, view, 8, 1);
  }

  private static ImageDataset open(Path folder, int limit) {
    return Datasets.open(new DataOptions(DataFormat.IDX, folder), Split.TRAIN).subset(limit);
  }
}
