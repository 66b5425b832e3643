package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recipe works on the published files as they are. */
class SvhnRecipeTest {
  @TempDir Path folder;

  private void copy(String name) throws IOException {
    try (InputStream in = getClass().getResourceAsStream("/data/sets/svhn/" + name)) {
      Files.copy(in, folder.resolve(name));
    }
  }

  @Test
  void opensTheMatlabFiles() throws IOException {
    copy("train_32x32.mat");
    copy("test_32x32.mat");
    copy("extra_32x32.mat");
    try (ImageDataset train = Setup.trainingImages(recipe("data.extra=false"));
        ImageDataset more = Setup.trainingImages(recipe("data.extra=true"));
        ImageDataset test = Setup.testImages(recipe("data.extra=false"))) {
      assertArrayEquals(new int[] {1, 0, 9}, train.labels());
      assertArrayEquals(new int[] {1, 0, 9, 2}, more.labels());
      assertArrayEquals(new int[] {5, 0}, test.labels());
    }
  }

  private TrainingConfig recipe(String override) {
    return ConfigFile.read(Path.of("configs/svhn.yaml"), List.of("data.path=" + folder, override));
  }
}
