package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.invp.io.NamedTensor;
import org.invp.nn.Classifier;
import org.invp.nn.ClassifierOptions.Normalisation;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LinearClassificationTest {
  private static final int IMAGES = 50;
  private static final int CLASSES = 4;
  private static final List<Integer> LENGTHS = List.of(3, 17, 8);

  private final Random random = new Random(4);
  private final int[] labels =
      IntStream.range(0, IMAGES).map(image -> random.nextInt(CLASSES)).toArray();
  private final List<FloatTensor> layers = LENGTHS.stream().map(this::layer).toList();

  private FloatTensor layer(int length) {
    FloatTensor rows = FloatTensor.allocate(IMAGES, length);
    for (long i = 0; i < rows.size(); i++) {
      rows.set(i, (float) random.nextGaussian());
    }
    return rows;
  }

  @AfterEach
  void release() {
    layers.forEach(FloatTensor::close);
  }

  private static LinearSettings settings(Normalisation normalisation) {
    return new LinearSettings(
        5,
        8,
        new StepDecay(0.5, List.of(3), 0.1),
        0.9,
        1e-4,
        normalisation,
        0.01,
        true,
        LabelledViews.WHOLE,
        0,
        7);
  }

  private LinearClassification trained(LinearSettings settings, List<FloatTensor> features) {
    LinearClassification linear =
        new LinearClassification(
            settings,
            features.stream().map(rows -> (int) rows.shape(1)).toList(),
            CLASSES,
            EvalProgress.NONE,
            () -> {});
    try (LabelledFeatures training =
        new CachedFeatures(features, Truth.labels(labels), settings.batchSize(), settings.seed())) {
      linear.train(training);
    }
    return linear;
  }

  @ParameterizedTest
  @EnumSource(Normalisation.class)
  void headsTrainedTogetherAreThoseTrainedAlone(Normalisation normalisation) {
    LinearSettings settings = settings(normalisation);
    try (LinearClassification together = trained(settings, layers)) {
      for (int layer = 0; layer < layers.size(); layer++) {
        try (LinearClassification alone = trained(settings, List.of(layers.get(layer)))) {
          assertSame(alone.classifier(0), together.classifier(layer));
        }
      }
    }
  }

  private static void assertSame(Classifier expected, Classifier actual) {
    try (Arena arena = Arena.ofConfined()) {
      List<NamedTensor> first = expected.state(arena);
      List<NamedTensor> second = actual.state(arena);
      assertEquals(first.size(), second.size());
      for (int i = 0; i < first.size(); i++) {
        assertArrayEquals(
            first.get(i).data().toArray(ValueLayout.JAVA_FLOAT),
            second.get(i).data().toArray(ValueLayout.JAVA_FLOAT),
            first.get(i).name());
      }
    }
  }
}
