package org.invp.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.invp.data.TrainingDivision.Draw;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingDivisionTest {
  /** Few enough to try every way of sharing a sample out. */
  private static final int MOST_CLASSES = 4;

  @TempDir Path folder;

  /** Classes of uneven size, the first of them the images without a label. */
  private static int[] labels(Random random) {
    int classes = 1 + random.nextInt(MOST_CLASSES);
    int images = 1 + random.nextInt(14);
    return random
        .ints(images, 0, classes)
        .map(label -> Math.min(label, random.nextInt(classes)) - 1)
        .toArray();
  }

  @Test
  void noOtherWayToShareOutASampleIsNearerToTheClassesShares() {
    Random random = new Random(11);
    for (int round = 0; round < 2000; round++) {
      int[] labels = labels(random);
      int limit = 1 + random.nextInt(labels.length);
      int[] drawn = new TrainingDivision(limit, Draw.SAMPLE, 0, round).training(labels);
      assertAscendingImages(labels, drawn, limit);
      int[] sizes = sizes(labels, all(labels));
      assertEquals(
          nearest(sizes, 0, limit, labels.length, limit),
          distance(sizes, sizes(labels, drawn), labels.length, limit),
          () -> Arrays.toString(labels) + " limit " + limit);
    }
  }

  @Test
  void whatIsHeldOutIsNoTrainingImageAndChangesNoneUnderALimit() {
    Random random = new Random(12);
    for (int round = 0; round < 2000; round++) {
      int[] labels = labels(random);
      int limit = random.nextInt(labels.length);
      int heldOut = random.nextInt(labels.length - Math.max(limit, 1) + 1);
      Draw draw = random.nextBoolean() ? Draw.SAMPLE : Draw.FIRST;
      TrainingDivision division = new TrainingDivision(limit, draw, heldOut, round);
      int[] train = division.training(labels);
      int[] judged = division.heldOut(labels);
      assertAscendingImages(labels, judged, heldOut);
      assertEquals(
          train.length + judged.length,
          IntStream.concat(Arrays.stream(train), Arrays.stream(judged)).distinct().count());
      if (limit == 0) {
        assertEquals(labels.length, train.length + judged.length);
      } else {
        assertArrayEquals(new TrainingDivision(limit, draw, 0, round).training(labels), train);
      }
    }
  }

  @Test
  void theHeldOutImagesKeepTheSharesOfTheImagesOutsideTheLimit() {
    Random random = new Random(13);
    for (int round = 0; round < 500; round++) {
      int[] labels = labels(random);
      int limit = random.nextInt(labels.length);
      int heldOut = random.nextInt(labels.length - Math.max(limit, 1) + 1);
      int[] judged = new TrainingDivision(limit, Draw.SAMPLE, heldOut, round).heldOut(labels);
      int[] sizes = sizes(labels, all(labels));
      if (limit > 0) {
        int[] train = new TrainingDivision(limit, Draw.SAMPLE, 0, round).training(labels);
        int[] taken = sizes(labels, train);
        Arrays.setAll(sizes, label -> sizes[label] - taken[label]);
      }
      int outside = labels.length - limit;
      assertEquals(
          nearest(sizes, 0, heldOut, outside, heldOut),
          distance(sizes, sizes(labels, judged), outside, heldOut));
    }
  }

  @Test
  void aSampleFollowsFromItsSeed() {
    int[] labels = IntStream.range(0, 200).map(image -> image / 20).toArray();
    TrainingDivision division = new TrainingDivision(50, Draw.SAMPLE, 40, 7);
    TrainingDivision other = new TrainingDivision(50, Draw.SAMPLE, 40, 8);
    assertArrayEquals(division.training(labels), division.training(labels));
    assertArrayEquals(division.heldOut(labels), division.heldOut(labels));
    assertFalse(Arrays.equals(division.training(labels), other.training(labels)));
    assertFalse(Arrays.equals(division.heldOut(labels), other.heldOut(labels)));
  }

  /** A run's images are what they were when it began, whatever version goes on with it. */
  @Test
  void theDrawnImagesNeverChange() {
    int[] labels = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, -1, -1};
    TrainingDivision division = new TrainingDivision(7, Draw.SAMPLE, 4, 3);
    assertArrayEquals(new int[] {0, 2, 5, 7, 10, 11, 13}, division.training(labels));
    assertArrayEquals(new int[] {1, 6, 9, 12}, division.heldOut(labels));
  }

  @Test
  void everyImageOfAClassIsDrawnEquallyOften() {
    int[] labels = {0, 0, 0, 0, 0, 1, 1, 1, -1, -1, 1, 1};
    int[] times = new int[labels.length];
    int[] heldOutTimes = new int[labels.length];
    int seeds = 6000;
    for (int seed = 0; seed < seeds; seed++) {
      TrainingDivision division = new TrainingDivision(6, Draw.SAMPLE, 0, seed);
      IntStream.of(division.training(labels)).forEach(image -> times[image]++);
      TrainingDivision rest = new TrainingDivision(0, Draw.SAMPLE, 6, seed);
      IntStream.of(rest.heldOut(labels)).forEach(image -> heldOutTimes[image]++);
    }
    // The quotas of 2.5, 2.5 and 1 are 3 of the smaller label, 2 and 1; five sigmas around them.
    for (int image = 0; image < labels.length; image++) {
      double share = labels[image] < 0 ? 0.5 : labels[image] == 0 ? 0.6 : 0.4;
      double tolerance = 5 * Math.sqrt(seeds * share * (1 - share));
      assertEquals(seeds * share, times[image], tolerance, "image " + image);
      assertEquals(seeds * share, heldOutTimes[image], tolerance, "image " + image);
    }
  }

  @Test
  void classesSmallerThanTheRoundingAreLeftOutOnlyWhereOthersAreNearerToTheirShare() {
    int[] labels = new int[100];
    labels[40] = 1;
    assertEquals(0, sizes(labels, new TrainingDivision(49, Draw.SAMPLE, 0, 1).training(labels))[2]);
    assertEquals(1, sizes(labels, new TrainingDivision(51, Draw.SAMPLE, 0, 1).training(labels))[2]);
  }

  @Test
  void theFirstImagesAreThoseThatComeFirst() {
    int[] labels = IntStream.range(0, 30).map(image -> image / 10).toArray();
    TrainingDivision division = new TrainingDivision(12, Draw.FIRST, 6, 5);
    assertArrayEquals(IntStream.range(0, 12).toArray(), division.training(labels));
    assertArrayEquals(new int[] {0, 0, 3, 3}, sizes(labels, division.heldOut(labels), 4));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 30, 31, Integer.MAX_VALUE})
  void aLimitThatLimitsNothingLeavesTheDataSetAsItIs(int limit) {
    try (ImageDataset whole = Samples.gray(folder, 30, 2, 2)) {
      assertSame(whole, new TrainingDivision(limit, Draw.SAMPLE, 0, 1).training(whole));
    }
  }

  @Test
  void theImagesAreInTheDataSetsOrder() {
    try (ImageDataset whole = Samples.gray(folder, 30, 2, 2)) {
      TrainingDivision division = new TrainingDivision(20, Draw.SAMPLE, 10, 1);
      ImageDataset train = division.training(whole);
      int[] drawn = division.training(whole.labels());
      assertEquals(20, train.size());
      for (int image = 0; image < 20; image++) {
        assertEquals(whole.describe(drawn[image]), train.describe(image));
      }
      assertEquals(10, division.heldOut(whole).size());
    }
  }

  @Test
  void moreThanThereIsIsRefused() {
    int[] labels = new int[10];
    assertEquals(
        "data.limit is 7 and evaluation.held_out 4, allowed: together at most the 10 training"
            + " images",
        refusal(new TrainingDivision(7, Draw.SAMPLE, 4, 0), labels));
    assertEquals(
        "evaluation.held_out is 10, allowed: fewer than the 10 training images",
        refusal(new TrainingDivision(0, Draw.SAMPLE, 10, 0), labels));
    assertEquals(3, new TrainingDivision(7, Draw.SAMPLE, 3, 0).heldOut(labels).length);
    assertEquals(1, new TrainingDivision(0, Draw.SAMPLE, 9, 0).training(labels).length);
  }

  @Test
  void divisionsThatDivideAlikeAreEqual() {
    assertEquals(
        new TrainingDivision(0, Draw.SAMPLE, 0, 1), new TrainingDivision(0, Draw.FIRST, 0, 2));
    assertEquals(
        new TrainingDivision(5, Draw.FIRST, 0, 1), new TrainingDivision(5, Draw.FIRST, 0, 2));
    assertFalse(
        new TrainingDivision(5, Draw.SAMPLE, 0, 1)
            .equals(new TrainingDivision(5, Draw.SAMPLE, 0, 2)));
    assertFalse(
        new TrainingDivision(0, Draw.SAMPLE, 5, 1)
            .equals(new TrainingDivision(0, Draw.SAMPLE, 5, 2)));
  }

  private static String refusal(TrainingDivision division, int... labels) {
    assertThrows(IllegalArgumentException.class, () -> division.heldOut(labels));
    return assertThrows(IllegalArgumentException.class, () -> division.training(labels))
        .getMessage();
  }

  private static void assertAscendingImages(int[] labels, int[] images, int count) {
    assertEquals(count, images.length);
    assertArrayEquals(Arrays.stream(images).sorted().distinct().toArray(), images);
    assertTrue(Arrays.stream(images).allMatch(image -> image >= 0 && image < labels.length));
  }

  private static int[] all(int... labels) {
    return IntStream.range(0, labels.length).toArray();
  }

  /** [label + 1], the number of images of each label. */
  private static int[] sizes(int[] labels, int[] images) {
    return sizes(labels, images, MOST_CLASSES + 1);
  }

  private static int[] sizes(int[] labels, int[] images, int length) {
    int[] sizes = new int[length];
    IntStream.of(images).forEach(image -> sizes[labels[image] + 1]++);
    return sizes;
  }

  /** The squares of what {@code drawn} is from the shares of {@code count}, times all^2. */
  private static long distance(int[] sizes, int[] drawn, int all, int count) {
    return IntStream.range(0, sizes.length)
        .mapToLong(label -> square((long) drawn[label] * all - (long) count * sizes[label]))
        .sum();
  }

  /** The least distance of any way to take {@code left} images from the labels from one on. */
  private static long nearest(int[] sizes, int from, int left, int all, int count) {
    if (from == sizes.length) {
      return left == 0 ? 0 : Long.MAX_VALUE;
    }
    long best = Long.MAX_VALUE;
    for (int taken = 0; taken <= Math.min(left, sizes[from]); taken++) {
      long rest = nearest(sizes, from + 1, left - taken, all, count);
      if (rest < Long.MAX_VALUE) {
        best = Math.min(best, rest + square((long) taken * all - (long) count * sizes[from]));
      }
    }
    return best;
  }

  private static long square(long value) {
    return value * value;
  }
}
