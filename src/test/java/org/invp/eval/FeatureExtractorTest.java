package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.data.DataFormat;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import org.invp.io.NamedTensor;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureExtractorTest {
  private static final int SIDE = TinyRun.SIDE;
  private static final int CROP = 9;

  @TempDir Path folder;

  @Test
  void tenCropsGiveTheMeanOfTheirFeatures() {
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET18,
            Stem.CIFAR,
            1,
            4,
            6,
            Head.LINEAR,
            1,
            true,
            Initialisation.KAIMING);
    Path data = TinyRun.writeData(folder);
    try (ImageDataset images = Datasets.open(new DataOptions(DataFormat.IDX, data), Split.TEST);
        Network network = Network.create(options, 1);
        FloatTensor backbone = FloatTensor.allocate(images.size(), network.featureDimension());
        FloatTensor embeddings = FloatTensor.allocate(images.size(), 6)) {
      new FeatureExtractor(network, view(CROP), 10, 40, 2)
          .extract(images, backbone, embeddings, () -> {})
          .requireAny(images);
      float[] pixels = pixels(images);
      int features = network.featureDimension();
      for (int image = 0; image < images.size(); image++) {
        float[] crops = crops(pixels, image);
        try (FloatTensor batch = FloatTensor.of(crops, 10, 1, CROP, CROP);
            FloatTensor expected = FloatTensor.allocate(10, features);
            FloatTensor expectedEmbeddings = FloatTensor.allocate(10, 6)) {
          network.embed(batch, expected, expectedEmbeddings);
          assertArrayEquals(means(expected), row(backbone, image), 1e-5f);
          assertArrayEquals(means(expectedEmbeddings), row(embeddings, image), 1e-5f);
        }
      }
    }
  }

  /** Every weight is finite, and the last layer's sum is not. */
  @Test
  void anImageWithoutFiniteNumbersIsNamed() {
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET18,
            Stem.CIFAR,
            1,
            4,
            6,
            Head.LINEAR,
            1,
            false,
            Initialisation.KAIMING);
    Path data = TinyRun.writeData(folder);
    try (ImageDataset images = Datasets.open(new DataOptions(DataFormat.IDX, data), Split.TEST);
        Network network = Network.create(options, 1);
        Arena arena = Arena.ofConfined();
        FloatTensor backbone = FloatTensor.allocate(images.size(), network.featureDimension());
        FloatTensor embeddings = FloatTensor.allocate(images.size(), 6)) {
      List<NamedTensor> state = network.state(arena);
      for (NamedTensor tensor : state) {
        for (long i = 0; tensor.name().equals("fc.weight") && i < tensor.size(); i++) {
          tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, 3e38f);
        }
      }
      network.load(state);
      for (int crops : new int[] {1, 10}) {
        FeatureExtractor extractor = new FeatureExtractor(network, view(CROP), crops, 40, 2);
        assertEquals(images.size(), extractor.extract(images, backbone, null, () -> {}).count());
        String message =
            assertThrows(
                    InvalidDataException.class,
                    () -> extractor.extract(images, null, embeddings, () -> {}))
                .getMessage();
        assertTrue(message.contains("not finite of image 0 of " + data), message);
      }
    }
  }

  @Test
  void otherNumbersOfCropsAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new FeatureExtractor(null, view(CROP), 5, 8, 1));
  }

  private static EvaluationTransform view(int crop) {
    return new EvaluationTransform(0, crop, crop, new Normalisation(List.of(0.5), List.of(0.25)));
  }

  private static float[] pixels(ImageDataset images) {
    try (FloatTensor all = Datasets.load(images, view(SIDE), 1)) {
      return all.toArray();
    }
  }

  /** Margin 3: the centre begins at 2, in the image and in its mirror image, whose rows turn. */
  private static float[] crops(float[] pixels, int image) {
    int margin = SIDE - CROP;
    int[][] places = {{0, 0}, {0, margin}, {margin, 0}, {margin, margin}, {2, 2}};
    float[] crops = new float[10 * CROP * CROP];
    int at = 0;
    for (boolean mirror : new boolean[] {false, true}) {
      for (int[] place : places) {
        for (int y = 0; y < CROP; y++) {
          for (int x = 0; x < CROP; x++) {
            int column = place[1] + x;
            int source = mirror ? SIDE - 1 - column : column;
            crops[at++] = pixels[(image * SIDE + place[0] + y) * SIDE + source];
          }
        }
      }
    }
    return crops;
  }

  private static float[] means(FloatTensor rows) {
    int columns = (int) rows.shape(1);
    float[] means = new float[columns];
    for (int column = 0; column < columns; column++) {
      double sum = 0;
      for (long row = 0; row < rows.shape(0); row++) {
        sum += rows.get(row * columns + column);
      }
      means[column] = (float) (sum / rows.shape(0));
    }
    return means;
  }

  private static float[] row(FloatTensor rows, int row) {
    return rows.slice(row, row + 1).toArray();
  }
}
