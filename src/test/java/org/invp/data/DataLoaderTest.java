package org.invp.data;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataLoaderTest {
  private static final Augmentation AUGMENTATION =
      new Augmentation(
          8,
          6,
          Crop.PUBLISHED,
          new Jitter(0.8, 0.4, 0.4, 0.4, 0.1),
          0.2,
          new Blur(0.5, 0.1, 2),
          0.5,
          Normalisation.IMAGENET);

  @TempDir Path folder;

  /** A copy of a batch. */
  private record Copy(List<Integer> indices, List<Float> images, List<Long> shape) {}

  private static Copy copy(Batch batch) {
    List<Float> images = new ArrayList<>();
    for (float value : batch.images().toArray()) {
      images.add(value);
    }
    return new Copy(
        Arrays.stream(batch.indices().toArray()).boxed().toList(),
        images,
        Arrays.stream(batch.images().shape()).boxed().toList());
  }

  private static List<Copy> rest(DataLoader loader) {
    List<Copy> batches = new ArrayList<>();
    for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
      batches.add(copy(batch));
    }
    return batches;
  }

  private static List<Copy> epoch(ImageDataset dataset, int workers, long seed, long epoch) {
    try (DataLoader loader = new DataLoader(dataset, AUGMENTATION, 7, workers, seed, true)) {
      loader.start(epoch, 0);
      return rest(loader);
    }
  }

  private ImageDataset photographs() {
    String[] names = {"baseline.jpg", "progressive.jpg", "luminance.jpg", "colour.png", "gray.png"};
    for (int i = 0; i < 33; i++) {
      String name = names[i % names.length];
      write(folder.resolve("train/class" + i % 3 + "/" + i + "-" + name), fixture(name));
    }
    return FolderDataset.open(folder, Split.TRAIN);
  }

  @Test
  void givesTheSameBitsForAnyNumberOfWorkers() {
    ImageDataset dataset = photographs();
    List<Copy> one = epoch(dataset, 1, 3, 1);
    assertEquals(5, one.size());
    assertEquals(one, epoch(dataset, 2, 3, 1));
    assertEquals(one, epoch(dataset, 9, 3, 1));
  }

  @Test
  void anotherSeedOrEpochGivesOtherBatches() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      List<Copy> batches = epoch(dataset, 2, 3, 1);
      assertFalse(batches.equals(epoch(dataset, 2, 4, 1)));
      assertFalse(batches.equals(epoch(dataset, 2, 3, 2)));
    }
  }

  @Test
  void canBeginInTheMiddleOfAnEpoch() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9);
        DataLoader loader = new DataLoader(dataset, AUGMENTATION, 7, 2, 3, true)) {
      List<Copy> whole = epoch(dataset, 1, 3, 5);
      for (int first = 0; first <= loader.batches(); first++) {
        loader.start(5, first);
        assertEquals(whole.subList(first, whole.size()), rest(loader));
      }
    }
  }

  @Test
  void aNewStartDropsTheEpochUnderWay() {
    try (ImageDataset dataset = Samples.gray(folder, 200, 9, 9);
        DataLoader loader = new DataLoader(dataset, AUGMENTATION, 7, 3, 3, true)) {
      List<Copy> whole = epoch(dataset, 1, 3, 2);
      for (int i = 0; i < 20; i++) {
        loader.start(1, 0);
        assertNotNull(loader.next());
        loader.start(2, i);
        assertEquals(whole.get(i), copy(loader.next()));
      }
    }
  }

  @Test
  void everyImageComesOnceInAnEpoch() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      List<Integer> indices =
          epoch(dataset, 2, 3, 1).stream().flatMap(b -> b.indices().stream()).sorted().toList();
      assertEquals(IntStream.range(0, 40).boxed().toList(), indices);
    }
  }

  @Test
  void keepsOrDropsTheLastBatch() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9);
        DataLoader keeping = new DataLoader(dataset, AUGMENTATION, 7, 2, 3, true);
        DataLoader dropping = new DataLoader(dataset, AUGMENTATION, 7, 2, 3, false)) {
      assertEquals(6, keeping.batches());
      assertEquals(5, dropping.batches());
      keeping.start(1, 0);
      dropping.start(1, 0);
      List<Copy> kept = rest(keeping);
      assertEquals(List.of(5L, 3L, 8L, 6L), kept.get(5).shape());
      assertEquals(kept.subList(0, 5), rest(dropping));
    }
  }

  @ParameterizedTest
  @CsvSource({"7,2", "7,3", "7,4", "3,2", "40,4", "38,9"})
  void thePartsOneAfterTheOtherAreTheBatch(int batchSize, int parts) {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      List<Copy> whole = batches(dataset, batchSize, BatchPart.WHOLE);
      List<List<Copy>> shares = new ArrayList<>();
      for (int part = 0; part < parts; part++) {
        shares.add(batches(dataset, batchSize, new BatchPart(part, parts)));
      }
      for (int batch = 0; batch < whole.size(); batch++) {
        List<Integer> indices = new ArrayList<>();
        List<Float> images = new ArrayList<>();
        for (List<Copy> share : shares) {
          indices.addAll(share.get(batch).indices());
          images.addAll(share.get(batch).images());
          int size = share.get(batch).indices().size();
          assertTrue(size != 1 || whole.get(batch).indices().size() == 1, "a single image");
        }
        assertEquals(whole.get(batch).indices(), indices);
        assertEquals(whole.get(batch).images(), images);
      }
    }
  }

  private static List<Copy> batches(ImageDataset dataset, int batchSize, BatchPart part) {
    try (DataLoader loader = new DataLoader(dataset, AUGMENTATION, batchSize, 2, 3, true, part)) {
      loader.start(1, 0);
      return rest(loader);
    }
  }

  @Test
  void aBatchLargerThanTheDataSetHoldsAllOfIt() {
    try (ImageDataset dataset = Samples.gray(folder, 5, 9, 9);
        DataLoader loader = new DataLoader(dataset, AUGMENTATION, 64, 2, 3, true)) {
      loader.start(1, 0);
      assertEquals(5, loader.next().size());
      assertNull(loader.next());
    }
  }

  @Test
  void evaluationKeepsTheOrderAndThePixels() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 3, 5);
        FloatTensor pixels = Datasets.pixels(dataset, 2)) {
      assertArrayEquals(new long[] {40, 15}, pixels.shape());
      for (int i = 0; i < 600; i++) {
        assertEquals((i % 251) / 255f, pixels.get(i));
      }
    }
  }

  @Test
  void evaluationOfPhotographsResizesAndCrops() {
    ImageDataset dataset = photographs();
    EvaluationTransform transform = new EvaluationTransform(24, 20, 20, Normalisation.IMAGENET);
    try (FloatTensor one = Datasets.load(dataset, transform, 1);
        FloatTensor three = Datasets.load(dataset, transform, 3)) {
      assertArrayEquals(new long[] {33, 1200}, one.shape());
      assertArrayEquals(one.toArray(), three.toArray());
    }
  }

  @Test
  void aDamagedImageIsNamedWhenItsBatchIsDue() {
    photographs();
    Path bad = folder.resolve("train/class1/bad.jpg");
    byte[] whole = fixture("baseline.jpg");
    write(bad, Arrays.copyOf(whole, whole.length / 2));
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    EvaluationTransform transform = new EvaluationTransform(24, 20, 20, Normalisation.IMAGENET);
    int index =
        IntStream.range(0, 34).filter(i -> dataset.path(i).equals(bad)).findAny().orElseThrow();
    try (DataLoader loader = new DataLoader(dataset, transform, 4, 3, 0, true)) {
      loader.start(0, 0);
      for (int batch = 0; batch < index / 4; batch++) {
        assertEquals(4, loader.next().size());
      }
      assertInvalid(loader::next, bad, "not a whole JPEG");
      assertInvalid(loader::next, bad);
      loader.start(0, index / 4 + 1);
      assertNotNull(loader.next());
    }
  }

  @Test
  void ofTwoDamagedImagesTheFirstIsNamed() {
    for (int i = 0; i < 12; i++) {
      boolean bad = i == 3 || i == 5;
      byte[] file = fixture("baseline.jpg");
      write(
          folder.resolve("train/one/%02d.jpg".formatted(i)), bad ? Arrays.copyOf(file, 700) : file);
    }
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    EvaluationTransform transform = new EvaluationTransform(24, 20, 20, Normalisation.IMAGENET);
    for (int workers = 1; workers < 5; workers++) {
      try (DataLoader loader = new DataLoader(dataset, transform, 12, workers, 0, true)) {
        loader.start(0, 0);
        assertInvalid(loader::next, "03.jpg");
      }
    }
  }

  private static final Decoding SKIPPING =
      new Decoding(Decoding.Mode.SCALED, Decoding.Exif.IGNORE, Decoding.OnCorrupt.SKIP);

  private static Augmentation skipping() {
    return new Augmentation(
        8,
        6,
        AUGMENTATION.crop(),
        AUGMENTATION.jitter(),
        0.2,
        AUGMENTATION.blur(),
        0.5,
        AUGMENTATION.normalisation(),
        SKIPPING);
  }

  /** 24 images, of which some are cut short, empty, no image or gone. */
  private FolderDataset withUnreadable(int... bad) {
    for (int i = 0; i < 24; i++) {
      write(folder.resolve("train/one/%02d.jpg".formatted(i)), fixture("baseline.jpg"));
    }
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    byte[][] damaged = {
      Arrays.copyOf(fixture("baseline.jpg"), 700), new byte[0], "text".getBytes(US_ASCII)
    };
    for (int i = 0; i < bad.length; i++) {
      write(dataset.path(bad[i]), damaged[i % damaged.length]);
    }
    return dataset;
  }

  @Test
  void aSkippedImageIsLeftOutOfItsTrainingBatch() throws IOException {
    FolderDataset dataset = withUnreadable(0, 5, 6, 7, 20);
    Files.delete(dataset.path(23));
    Augmentation augmentation = skipping();
    List<Copy> expected = null;
    for (int workers = 1; workers < 4; workers++) {
      List<Copy> batches = new ArrayList<>();
      try (DataLoader loader = new DataLoader(dataset, augmentation, 7, workers, 3, true)) {
        loader.start(1, 0);
        int corrupt = 0;
        for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
          batches.add(copy(batch));
          corrupt += batch.corrupt();
          assertEquals(batch.size(), batch.images().shape(0));
        }
        assertEquals(6, corrupt);
        loader.start(1, 2);
        assertEquals(batches.subList(2, batches.size()), rest(loader));
      }
      assertEquals(expected == null ? batches : expected, batches);
      expected = batches;
    }
    List<Integer> seen = expected.stream().flatMap(b -> b.indices().stream()).sorted().toList();
    assertEquals(
        IntStream.range(0, 23).filter(i -> !List.of(0, 5, 6, 7, 20).contains(i)).boxed().toList(),
        seen);
  }

  @Test
  void theImagesLeftInABatchAreTheirOwn() {
    FolderDataset dataset = withUnreadable(1, 4, 5);
    try (DataLoader whole = new DataLoader(dataset, skipping(), 24, 2, 3, true);
        DataLoader single = new DataLoader(dataset, skipping(), 1, 2, 3, true)) {
      whole.start(1, 0);
      single.start(1, 0);
      Copy all = copy(whole.next());
      List<Float> alone = new ArrayList<>();
      rest(single).forEach(batch -> alone.addAll(batch.images()));
      assertEquals(21, all.indices().size());
      assertEquals(alone, all.images());
    }
  }

  @Test
  void aBatchOfUnreadableImagesIsEmpty() {
    FolderDataset dataset = withUnreadable(IntStream.range(0, 24).toArray());
    try (DataLoader loader = new DataLoader(dataset, skipping(), 12, 2, 3, true)) {
      loader.start(1, 0);
      Batch batch = loader.next();
      assertEquals(0, batch.size());
      assertEquals(12, batch.corrupt());
      assertEquals(0, loader.next().size());
      assertNull(loader.next());
    }
  }

  @Test
  void aSkippedImageIsNoNumberAtEvaluationAndInNoBatch() {
    FolderDataset dataset = withUnreadable(2);
    EvaluationTransform view =
        new EvaluationTransform(24, 20, 20, Normalisation.IMAGENET, SKIPPING);
    try (FloatTensor pixels = Datasets.load(dataset, view, 2)) {
      for (int i = 0; i < 1200; i++) {
        assertTrue(Float.isNaN(pixels.get(2 * 1200 + i)));
        assertEquals(pixels.get(i), pixels.get(3 * 1200 + i));
      }
    }
    assertEquals(1, dataset.unreadable());
    assertTrue(dataset.isUnreadable(2));
    try (DataLoader loader = new DataLoader(dataset, view, 4, 2, 0, true)) {
      loader.start(0, 0);
      assertEquals(List.of(0, 1, 3), copy(loader.next()).indices());
    }
    assertEquals(1, dataset.select(5, 2, 2, 1).subset(2).unreadable());
  }

  @Test
  void anImageTooSmallForTheCentreCropIsNamed() {
    try (ImageDataset dataset = Samples.gray(folder, 4, 9, 9)) {
      EvaluationTransform transform = new EvaluationTransform(0, 10, 10, Normalisation.none(1));
      assertInvalid(() -> Datasets.load(dataset, transform, 1), "image 0 of", "9 x 9", "10 x 10");
    }
  }

  @Test
  void closesInTheMiddleOfAnEpoch() {
    try (ImageDataset dataset = Samples.gray(folder, 400, 9, 9)) {
      DataLoader loader = new DataLoader(dataset, AUGMENTATION, 7, 3, 3, true);
      loader.start(1, 0);
      Batch batch = loader.next();
      loader.close();
      loader.close();
      assertThrows(IllegalStateException.class, loader::next);
      assertThrows(IllegalStateException.class, () -> loader.start(2, 0));
      assertThrows(IllegalStateException.class, () -> batch.images().get(0));
    }
  }

  @Test
  void leavesNoThreadBehind() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      new DataLoader(dataset, AUGMENTATION, 7, 3, 3, true).close();
    }
    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(t -> t.getName().startsWith("invp-loader")));
  }

  @Test
  void whoWaitsForAStalledReadCanGiveUpAndTakeTheBatchLater() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      StallingDataset stalling = new StallingDataset(dataset, 0, () -> {});
      try (DataLoader loader = new DataLoader(stalling, AUGMENTATION, 7, 2, 3, true)) {
        loader.start(1, 0);
        assertThrows(
            UnsupportedOperationException.class,
            () ->
                loader.next(
                    () -> {
                      throw new UnsupportedOperationException();
                    }));
        stalling.recover();
        List<Copy> late = rest(loader);
        loader.start(1, 0);
        assertEquals(rest(loader), late);
      }
    }
  }

  @Test
  void closingDoesNotWaitForAStalledReadForever() throws InterruptedException {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      CountDownLatch stalled = new CountDownLatch(1);
      StallingDataset stalling = new StallingDataset(dataset, 0, stalled::countDown);
      DataLoader loader = new DataLoader(stalling, AUGMENTATION, 7, 1, 3, true);
      loader.start(1, 0);
      stalled.await();
      loader.close(Duration.ofMillis(1));
      // What it reads at last still has a place to go to.
      stalling.recover();
      loader.close();
      assertThrows(IllegalStateException.class, loader::next);
    }
  }

  /** The metric loader_wait: what a slow data set costs the trainer. */
  @Test
  void waitingForASlowDataSetIsMeasured() throws InterruptedException {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9)) {
      CountDownLatch stalled = new CountDownLatch(1);
      StallingDataset slow = new StallingDataset(dataset, 0, stalled::countDown);
      try (DataLoader loader = new DataLoader(slow, AUGMENTATION, 40, 2, 3, true)) {
        loader.start(1, 0);
        stalled.await();
        Thread consumer = new Thread(loader::next);
        consumer.start();
        while (!isWaiting(consumer)) {
          Thread.onSpinWait();
        }
        long began = System.nanoTime();
        for (long now = began; now - began < 5_000_000; now = System.nanoTime()) {
          Thread.onSpinWait();
        }
        double waitedAtLeast = (System.nanoTime() - began) * 1e-9;
        slow.recover();
        consumer.join();
        double waited = loader.waitSeconds();
        assertTrue(waited >= waitedAtLeast, waited + " s, expected " + waitedAtLeast);
        assertNull(loader.next());
        assertEquals(waited, loader.waitSeconds());
      }
    }
  }

  private static boolean isWaiting(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        || thread.getState() == Thread.State.TIMED_WAITING;
  }

  @Test
  void nextNeedsAStart() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9);
        DataLoader loader = new DataLoader(dataset, AUGMENTATION, 7, 3, 3, true)) {
      assertThrows(IllegalStateException.class, loader::next);
      assertEquals(0, loader.waitSeconds());
    }
  }

  @Test
  void refusesWhatCannotWork() {
    try (ImageDataset dataset = Samples.gray(folder, 40, 9, 9);
        DataLoader loader = new DataLoader(dataset, AUGMENTATION, 7, 3, 3, true)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new DataLoader(dataset, AUGMENTATION, 0, 3, 3, true));
      assertThrows(
          IllegalArgumentException.class,
          () -> new DataLoader(dataset, AUGMENTATION, 7, 0, 3, true));
      assertThrows(
          IllegalArgumentException.class,
          () -> new DataLoader(dataset, AUGMENTATION, 41, 1, 3, false));
      assertThrows(IllegalArgumentException.class, () -> loader.start(1, 7));
      assertThrows(IllegalArgumentException.class, () -> loader.start(1, -1));
    }
  }
}
