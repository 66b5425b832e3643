package org.invp.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class TransformTest {
  private static void assertRefused(String word, Executable making) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, making);
    assertTrue(e.getMessage().contains(word), e.getMessage());
    assertTrue(e.getMessage().contains("allowed"), e.getMessage());
  }

  private static Augmentation augmentation(int height, double gray) {
    return new Augmentation(
        height, 8, Crop.PUBLISHED, Jitter.NONE, gray, Blur.NONE, 0.5, Normalisation.IMAGENET);
  }

  @Test
  void channelsFollowTheStatistics() {
    assertEquals(3, augmentation(8, 0).channels());
    assertEquals(1, EvaluationTransform.raw(8, 8, 1).channels());
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    assertRefused("height is 0", () -> augmentation(0, 0));
    assertRefused("gray probability is 1.5", () -> augmentation(8, 1.5));
    assertRefused("crop area", () -> new Crop(0, 1, 1, 1));
    assertRefused("crop area", () -> new Crop(0.5, 0.2, 1, 1));
    assertRefused("crop ratio", () -> new Crop(0.2, 1, 2, 1));
    assertRefused("hue is 0.7", () -> new Jitter(1, 0, 0, 0, 0.7));
    assertRefused("brightness is NaN", () -> new Jitter(1, Double.NaN, 0, 0, 0));
    assertRefused("blur deviation", () -> new Blur(0.5, 0, 2));
    assertRefused("normalisation", () -> new Normalisation(List.of(0.0, 0.0), List.of(1.0, 1.0)));
    assertRefused("deviation is 0", () -> new Normalisation(List.of(0.0), List.of(0.0)));
    assertRefused("resize is 4", () -> new EvaluationTransform(4, 8, 8, Normalisation.IMAGENET));
  }
}
