package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarDatasetTest {
  @TempDir Path folder;

  /**
   * Records whose labels are {@code first}, first + 1, ... and whose pixels tell plane and place.
   */
  private static byte[] records(int count, int labelBytes, int first) {
    int size = labelBytes + 3072;
    byte[] file = new byte[count * size];
    for (int i = 0; i < count; i++) {
      file[i * size] = (byte) (first + i);
      if (labelBytes == 2) {
        file[i * size + 1] = (byte) (first + i + 40);
      }
      for (int p = 0; p < 3072; p++) {
        file[i * size + labelBytes + p] = (byte) (p / 1024 * 80 + (p + i) % 64);
      }
    }
    return file;
  }

  private void writeTen(int countPerFile) {
    for (int i = 1; i <= 5; i++) {
      write(folder.resolve("data_batch_" + i + ".bin"), records(countPerFile, 1, i));
    }
    write(folder.resolve("test_batch.bin"), records(3, 1, 0));
  }

  private CifarDataset open(Split split, CifarDataset.Variant variant) {
    return CifarDataset.open(folder, split, variant);
  }

  @Test
  void joinsTheFiveTrainingFiles() {
    writeTen(2);
    try (CifarDataset dataset = open(Split.TRAIN, CifarDataset.Variant.CIFAR10)) {
      assertEquals(10, dataset.size());
      assertArrayEquals(new int[] {1, 2, 2, 3, 3, 4, 4, 5, 5, 6}, dataset.labels());
      assertEquals(10, dataset.classes());
      assertEquals(3, dataset.channels());
      assertEquals("image 1 of " + folder.resolve("data_batch_3.bin"), dataset.describe(5));
    }
  }

  @Test
  void interleavesTheColourPlanes() {
    writeTen(2);
    try (CifarDataset dataset = open(Split.TEST, CifarDataset.Variant.CIFAR10);
        ImageBuffer buffer = new ImageBuffer()) {
      dataset.read(1, buffer);
      byte[] pixels = Samples.bytes(buffer);
      for (int p = 0; p < 1024; p++) {
        for (int c = 0; c < 3; c++) {
          assertEquals((byte) (c * 80 + (c * 1024 + p + 1) % 64), pixels[3 * p + c]);
        }
      }
    }
  }

  @Test
  void looksIntoTheUnpackedArchivesFolder() {
    write(folder.resolve("cifar-10-batches-bin/test_batch.bin"), records(3, 1, 0));
    try (CifarDataset dataset = open(Split.TEST, CifarDataset.Variant.CIFAR10)) {
      assertEquals(3, dataset.size());
    }
  }

  @Test
  void readsFineAndCoarseLabelsOfTheHundredClasses() {
    write(folder.resolve("train.bin"), records(4, 2, 5));
    try (CifarDataset fine = open(Split.TRAIN, CifarDataset.Variant.CIFAR100);
        CifarDataset coarse = open(Split.TRAIN, CifarDataset.Variant.CIFAR100_COARSE)) {
      assertArrayEquals(new int[] {45, 46, 47, 48}, fine.labels());
      assertEquals(100, fine.classes());
      assertArrayEquals(new int[] {5, 6, 7, 8}, coarse.labels());
      assertEquals(20, coarse.classes());
    }
  }

  @Test
  void readsTheClassNames() {
    writeTen(1);
    String names =
        IntStream.range(0, 10).mapToObj(i -> "name" + i).collect(Collectors.joining("\n"));
    write(folder.resolve("batches.meta.txt"), (names + "\n\n").getBytes(StandardCharsets.UTF_8));
    try (CifarDataset dataset = open(Split.TRAIN, CifarDataset.Variant.CIFAR10)) {
      assertEquals("name7", dataset.classNames().get(7));
    }
    write(folder.resolve("batches.meta.txt"), "one\ntwo\n".getBytes(StandardCharsets.UTF_8));
    assertInvalid(
        () -> open(Split.TRAIN, CifarDataset.Variant.CIFAR10), "2 class names", "expected 10");
  }

  @Test
  void namesAMissingFile() {
    writeTen(1);
    folder.resolve("data_batch_4.bin").toFile().delete();
    assertInvalid(
        () -> open(Split.TRAIN, CifarDataset.Variant.CIFAR10), "data_batch_4.bin", "no such file");
  }

  @Test
  void saysThatTheVersionForPythonIsNotRead() {
    write(folder.resolve("cifar-10-batches-py/data_batch_1"), new byte[9]);
    write(folder.resolve("cifar-100-python/train"), new byte[9]);
    for (CifarDataset.Variant variant : CifarDataset.Variant.values()) {
      assertInvalid(
          () -> open(Split.TRAIN, variant), ".bin", "no such file", "expected the binary version");
    }
  }

  @Test
  void refusesATruncatedFile() {
    writeTen(1);
    Path file = folder.resolve("test_batch.bin");
    for (int length : new int[] {0, 1, 3072, 3074, 2 * 3073 - 1}) {
      write(file, Arrays.copyOf(records(3, 1, 0), length));
      assertInvalid(
          () -> open(Split.TEST, CifarDataset.Variant.CIFAR10),
          "test_batch.bin",
          length + " bytes",
          "3073");
    }
  }

  @Test
  void refusesALabelOutOfRange() {
    writeTen(1);
    write(folder.resolve("test_batch.bin"), records(3, 1, 8));
    assertInvalid(
        () -> open(Split.TEST, CifarDataset.Variant.CIFAR10),
        "test_batch.bin",
        "label 10 of image 2",
        "0 to 9");
  }
}
