package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.data.Samples;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder of three classes with six training images each, in class order as folders are. */
class RunImagesTest {
  @TempDir Path folder;

  @BeforeEach
  void write() {
    for (String name : List.of("ant", "bee", "cat")) {
      for (int image = 0; image < 6; image++) {
        Path place = Path.of("train", name, image + ".jpg");
        Samples.write(folder.resolve(place), Samples.fixture("luminance.jpg"));
      }
      Samples.write(folder.resolve("val").resolve(name).resolve("x.jpg"), new byte[1]);
    }
  }

  @Test
  void aLimitOnAFolderInClassOrderLeavesAllClasses() {
    try (ImageDataset train = Setup.trainingImages(config("data.limit=6"))) {
      assertArrayEquals(new int[] {0, 0, 1, 1, 2, 2}, train.labels());
    }
    try (ImageDataset train = Setup.trainingImages(config("data.limit=6", "data.draw=first"))) {
      assertArrayEquals(new int[6], train.labels());
    }
  }

  @Test
  void theSampleIsThatOfTheRunsSeed() {
    assertEquals(training("data.limit=9"), training("data.limit=9"));
    assertTrue(!training("data.limit=9").equals(training("data.limit=9", "seed=1")));
  }

  @Test
  void epochsAreJudgedOnTheTestSetUnlessImagesAreHeldOut() {
    try (RunImages images = RunImages.open(config())) {
      assertEquals(18, images.train().size());
      assertSame(images.test(), images.judged());
      assertTrue(!images.holdOut());
    }
    try (RunImages images = RunImages.open(config(heldOut(6)))) {
      assertEquals(12, images.train().size());
      assertArrayEquals(new int[] {0, 0, 1, 1, 2, 2}, images.judged().labels());
      assertEquals(3, images.test().size());
      assertTrue(images.holdOut());
    }
  }

  @Test
  void everyCommandSeesTheTrainingImagesOfTheRun() {
    for (String[] settings : List.of(new String[] {"data.limit=8"}, heldOut(5))) {
      try (RunImages images = RunImages.open(config(settings))) {
        assertEquals(training(settings), places(images.train()));
      }
    }
  }

  @Test
  void moreImagesThanThereAreAreRefusedInOneLine() {
    String refusal = "allowed: fewer than the 18 training images";
    TrainingConfig config = config(heldOut(18));
    assertEquals(
        "evaluation.held_out is 18, " + refusal,
        assertThrows(ConfigException.class, () -> RunImages.open(config)).getMessage());
    assertThrows(ConfigException.class, () -> Setup.trainingImages(config));
  }

  private static String[] heldOut(int images) {
    return new String[] {"evaluation.split=held-out", "evaluation.held_out=" + images};
  }

  private List<String> training(String... settings) {
    try (ImageDataset train = Setup.trainingImages(config(settings))) {
      return places(train);
    }
  }

  private static List<String> places(ImageDataset images) {
    List<String> places = new ArrayList<>();
    for (int image = 0; image < images.size(); image++) {
      places.add(images.describe(image));
    }
    return places;
  }

  private TrainingConfig config(String... overrides) {
    return ConfigFile.parse(
        "test", "data: {format: folder, path: '%s'}".formatted(folder), List.of(overrides));
  }
}
