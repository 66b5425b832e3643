package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.Decoding;
import org.invp.data.ImageDataset;
import org.invp.data.Samples;
import org.invp.data.Transform;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.LabelledViews;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which setting decides how the JPEG files of which views are decoded. */
class ViewDecodingTest {
  private static final int SIDE = 16;

  @TempDir Path data;

  @BeforeEach
  void writeImages() {
    for (String name : List.of("smooth420", "smooth444")) {
      Samples.write(data.resolve("train/one/" + name + ".jpg"), Samples.fixture(name + ".jpg"));
    }
  }

  @Test
  void trainingViewsAreDecodedAsTheDataSettingsSay() {
    float[] scaled = trainingViews();
    assertArrayEquals(scaled, trainingViews("evaluation.decode=scaled"));
    assertFalse(Arrays.equals(scaled, trainingViews("data.decode=exact")));
  }

  @Test
  void evaluationViewsAreDecodedExactlyUnlessTheEvaluationSettingsSayOtherwise() {
    float[] exact = evaluationViews();
    assertArrayEquals(exact, evaluationViews("data.decode=exact"));
    assertFalse(Arrays.equals(exact, evaluationViews("evaluation.decode=scaled")));
  }

  /** The same view fills a bank that is refreshed, embeds and exports; pixels have their own. */
  @Test
  void thereIsOneDecodingOfAllOtherViews() {
    for (String mode : List.of("exact", "scaled")) {
      TrainingConfig config = config("evaluation.decode=" + mode);
      Decoding.Mode expected = config.evaluation().decode();
      assertEquals(expected, Setup.evaluationView(config).decoding().mode());
      assertEquals(expected, Setup.knnProtocol(config).view().decoding().mode());
      assertEquals(expected, Setup.knnProtocol(config).rawView().decoding().mode());
    }
  }

  @Test
  void labelsAreLearntFromViewsDecodedAsEvaluationSays() {
    for (String mode : List.of("exact", "scaled")) {
      TrainingConfig config = config("evaluation.decode=" + mode, "data.exif=apply");
      Decoding training =
          LabelledViews.cropsAndFlips(Setup.evaluationView(config), LabelledViews.WHOLE, 0.5, 2, 1)
              .training()
              .decoding();
      assertEquals(config.evaluation().decode(), training.mode());
      assertEquals(Decoding.Exif.APPLY, training.exif());
    }
  }

  private float[] trainingViews(String... overrides) {
    TrainingConfig config = config(overrides);
    try (ImageDataset images = Setup.trainingImages(config);
        DataLoader loader = Setup.trainingLoader(config, images, ProcessGroup.alone())) {
      loader.start(1, 0);
      return pixels(loader.next());
    }
  }

  private float[] evaluationViews(String... overrides) {
    TrainingConfig config = config(overrides);
    Transform view = Setup.evaluationView(config);
    try (ImageDataset images = Setup.trainingImages(config);
        DataLoader loader = new DataLoader(images, view, 2, 1, 0, true)) {
      loader.start(1, 0);
      return pixels(loader.next());
    }
  }

  private static float[] pixels(Batch batch) {
    return batch.images().toArray();
  }

  private TrainingConfig config(String... overrides) {
    String yaml =
        """
        data: {format: folder, path: %s, workers: 1}
        augmentation: {size: %d, crop_scale: [0.9, 1]}
        training: {batch_size: 2}
        evaluation: {resize: %d, crop: %d}
        """
            .formatted(data, SIDE, SIDE, SIDE);
    return ConfigFile.parse("x.yaml", yaml, List.of(overrides));
  }
}
