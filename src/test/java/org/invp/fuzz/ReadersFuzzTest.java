package org.invp.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.invp.config.ConfigFile;
import org.invp.data.CifarDataset;
import org.invp.data.FormatOptions;
import org.invp.data.IdxDataset;
import org.invp.data.ImageBuffer;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.data.SvhnDataset;
import org.invp.data.WaferDataset;
import org.invp.io.Npy;
import org.invp.io.Safetensors;
import org.invp.train.Checkpoint;
import org.invp.weights.WeightsImport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every public reader of files from outside, fed with anything. As a plain test it reads the seeds
 * in {@code ReadersFuzzTestInputs}; {@code make fuzz} goes on from them.
 */
class ReadersFuzzTest {
  /** Two labels, 1 and 0. */
  private static final byte[] LABELS = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};

  /** Two images of 2 x 3. */
  private static final byte[] IMAGES = {
    0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  };

  private static Outside outside;

  @BeforeAll
  static void makeFolder() {
    outside = new Outside();
  }

  @AfterAll
  static void removeFolder() {
    outside.close();
  }

  @MethodSource("org.invp.fuzz.Seeds#idxImages")
  @FuzzTest
  void idxImages(byte[] file) {
    Path images = outside.write("images", file);
    Path labels = outside.write("labels", LABELS);
    outside.holds(file.length, () -> readAll(IdxDataset.open(images, labels, 0)));
  }

  @MethodSource("org.invp.fuzz.Seeds#idxLabels")
  @FuzzTest
  void idxLabels(byte[] file) {
    Path images = outside.write("images", IMAGES);
    Path labels = outside.write("labels", file);
    outside.holds(file.length, () -> readAll(IdxDataset.open(images, labels, 10)));
  }

  @MethodSource("org.invp.fuzz.Seeds#cifar")
  @FuzzTest
  void cifar(byte[] file) {
    Path folder = outside.write("cifar-100-binary/test.bin", file).getParent();
    outside.holds(
        file.length,
        () -> readAll(CifarDataset.open(folder, Split.TEST, CifarDataset.Variant.CIFAR100)));
  }

  @MethodSource("org.invp.fuzz.Seeds#mat")
  @FuzzTest
  void svhn(byte[] file) {
    Path folder = outside.write("svhn/test_32x32.mat", file).getParent();
    outside.holds(
        file.length,
        () -> readAll(SvhnDataset.open(folder, Split.TEST, new FormatOptions.Svhn(false))));
  }

  @MethodSource("org.invp.fuzz.Seeds#safetensors")
  @FuzzTest
  void wafers(byte[] file) {
    Path folder = outside.write("wafers/wm811k.safetensors", file).getParent();
    outside.holds(
        file.length,
        () -> readAll(WaferDataset.open(folder, Split.TRAIN, new FormatOptions.Wafers(true))));
  }

  @MethodSource("org.invp.fuzz.Seeds#safetensors")
  @FuzzTest
  void safetensors(byte[] file) {
    Path path = outside.write("file.safetensors", file);
    outside.holds(file.length, () -> Safetensors.read(path).close());
    outside.holds(file.length, () -> Safetensors.map(path).close());
  }

  @MethodSource("org.invp.fuzz.Seeds#npy")
  @FuzzTest
  void npy(byte[] file) {
    Path path = outside.write("file.npy", file);
    outside.holds(file.length, () -> Npy.map(path, false).close());
  }

  @MethodSource("org.invp.fuzz.Seeds#safetensors")
  @FuzzTest
  void checkpoint(byte[] file) {
    Path path = outside.write("checkpoint.safetensors", file);
    outside.holds(
        file.length,
        () -> {
          try (Checkpoint checkpoint = Checkpoint.read(path)) {
            checkpoint.config(List.of());
            checkpoint.weights();
            checkpoint.environment();
          }
        });
  }

  @MethodSource("org.invp.fuzz.Seeds#weights")
  @FuzzTest
  void weightsOfOthers(byte[] file) {
    Path path = outside.write("weights.pth", file);
    outside.holds(file.length, () -> WeightsImport.read(path, WeightsImport.Choice.USUAL).close());
  }

  @MethodSource("org.invp.fuzz.Seeds#configurations")
  @FuzzTest
  void configuration(byte[] file) {
    String yaml = new String(file, StandardCharsets.UTF_8);
    outside.holds(file.length, () -> ConfigFile.parse("config.yaml", yaml, List.of()));
    outside.holds(file.length, () -> ConfigFile.parseRun("config.yaml", yaml, List.of()));
  }

  private static void readAll(ImageDataset dataset) {
    try (dataset;
        ImageBuffer buffer = new ImageBuffer()) {
      for (int i = 0; i < Math.min(dataset.size(), 100); i++) {
        dataset.read(i, buffer);
        dataset.label(i);
        dataset.describe(i);
      }
    }
  }
}
