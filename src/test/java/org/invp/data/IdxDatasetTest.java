package org.invp.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.gzip;
import static org.invp.data.Samples.idx;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxDatasetTest {
  @TempDir Path folder;
  private Path images;
  private Path labels;

  @BeforeEach
  void writeAGoodSet() {
    images = write(folder.resolve("images"), idx(251, 12, 3, 5));
    labels = write(folder.resolve("labels"), idx(4, 12));
  }

  private void assertRefused(Object... words) {
    assertInvalid(() -> IdxDataset.open(images, labels, 10), words);
  }

  @Test
  void readsImagesAndLabels() {
    try (IdxDataset dataset = IdxDataset.open(images, labels, 10);
        ImageBuffer buffer = new ImageBuffer()) {
      assertEquals(12, dataset.size());
      assertEquals(3, dataset.imageHeight());
      assertEquals(5, dataset.imageWidth());
      assertEquals(1, dataset.channels());
      assertEquals(10, dataset.classes());
      assertArrayEquals(new int[] {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}, dataset.labels());
      dataset.read(2, buffer);
      byte[] expected = Arrays.copyOfRange(idx(251, 12, 3, 5), 16 + 30, 16 + 45);
      assertArrayEquals(expected, Samples.bytes(buffer));
    }
  }

  @Test
  void classesAreNamedByAFileBesideTheImages() {
    try (IdxDataset dataset = IdxDataset.open(images, labels, 4)) {
      assertEquals(List.of("0", "1", "2", "3"), dataset.classNames());
    }
    write(folder.resolve("classes.txt"), "ant\n bee\r\n\ncow\nDär\n".getBytes(UTF_8));
    try (IdxDataset dataset = IdxDataset.open(images, labels, 4)) {
      assertEquals(List.of("ant", "bee", "cow", "Där"), dataset.classNames());
    }
    assertRefused("classes.txt", "4 names", "10 classes");
  }

  @Test
  void fashionMnistIsKnownByItsLabels() {
    Path known =
        Stream.of(".deps/data/fashion-mnist", "/usr/share/datasets/fashion-mnist")
            .map(Path::of)
            .filter(Files::isDirectory)
            .findFirst()
            .orElse(null);
    assumeTrue(known != null, "Fashion-MNIST is not on this machine (make demo fetches it)");
    for (Split split : Split.values()) {
      try (IdxDataset dataset = IdxDataset.open(known, split)) {
        assertEquals("T-shirt/top", dataset.classNames().get(0));
        assertEquals("Ankle boot", dataset.classNames().get(9));
      }
    }
  }

  @Test
  void readsCompressedFilesWhateverTheirName() {
    write(images, gzip(idx(251, 12, 3, 5)));
    write(labels, gzip(idx(4, 12)));
    try (IdxDataset dataset = IdxDataset.open(images, labels, 10);
        ImageBuffer buffer = new ImageBuffer()) {
      dataset.read(11, buffer);
      byte[] expected = Arrays.copyOfRange(idx(251, 12, 3, 5), 16 + 165, 16 + 180);
      assertArrayEquals(expected, Samples.bytes(buffer));
    }
  }

  @Test
  void findsTheUsualFileNames() {
    write(folder.resolve("train-images-idx3-ubyte.gz"), gzip(idx(251, 12, 3, 5)));
    write(folder.resolve("train-labels-idx1-ubyte.gz"), gzip(idx(4, 12)));
    write(folder.resolve("t10k-images.idx3-ubyte"), idx(251, 7, 3, 5));
    write(folder.resolve("t10k-labels.idx1-ubyte"), idx(4, 7));
    try (IdxDataset train = IdxDataset.open(folder, Split.TRAIN);
        IdxDataset test = IdxDataset.open(folder, Split.TEST)) {
      assertEquals(12, train.size());
      assertEquals(7, test.size());
    }
  }

  @Test
  void countsClassesWhenNotTold() {
    try (IdxDataset dataset = IdxDataset.open(images, labels, 0)) {
      assertEquals(4, dataset.classes());
    }
  }

  @Test
  void aSubsetIsTheFirstImages() {
    try (ImageDataset dataset = IdxDataset.open(images, labels, 10).subset(5)) {
      assertEquals(5, dataset.size());
      assertEquals(3, dataset.label(3));
      assertThrows(IndexOutOfBoundsException.class, () -> dataset.label(5));
    }
  }

  @Test
  void cannotBeReadAfterClose() {
    IdxDataset dataset = IdxDataset.open(images, labels, 10);
    dataset.close();
    dataset.close();
    try (ImageBuffer buffer = new ImageBuffer()) {
      assertThrows(IllegalStateException.class, () -> dataset.read(0, buffer));
    }
  }

  @Test
  void namesAMissingFile() {
    images = folder.resolve("elsewhere");
    assertRefused("elsewhere", "no such file");
    assertInvalid(
        () -> IdxDataset.open(folder, Split.TRAIN), "train-images-idx3-ubyte", "no such file");
  }

  @Test
  void refusesAWrongMagicNumber() {
    write(images, idx(4, 12));
    assertRefused("images", "0x00000801", "0x00000803");
    write(images, "not an IDX file at all".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    assertRefused("images", "magic");
  }

  @Test
  void refusesALabelOutOfRange() {
    write(labels, idx(12, 12));
    assertRefused("labels", "label 10 of image 10", "0 to 9");
  }

  @Test
  void refusesCountsThatDiffer() {
    write(labels, idx(4, 11));
    assertRefused("12 images", "11 labels");
  }

  @Test
  void refusesATruncatedFile() {
    byte[] whole = idx(251, 12, 3, 5);
    for (int length = 0; length < whole.length; length++) {
      write(images, Arrays.copyOf(whole, length));
      assertRefused("images", "cut short");
    }
  }

  @Test
  void refusesATruncatedCompressedFile() {
    byte[] whole = gzip(idx(251, 12, 3, 5));
    for (int length = 2; length < whole.length; length++) {
      write(images, Arrays.copyOf(whole, length));
      assertRefused("images");
    }
  }

  @Test
  void refusesDamagedCompressedData() {
    byte[] file = gzip(idx(251, 12, 3, 5));
    file[file.length - 6] ^= 1; // the checksum
    write(images, file);
    assertRefused("images", "gzip");
  }

  @Test
  void refusesTrailingData() {
    write(images, Arrays.copyOf(idx(251, 12, 3, 5), 16 + 181));
    assertRefused("images", "too long");
    write(images, gzip(Arrays.copyOf(idx(251, 12, 3, 5), 16 + 181)));
    assertRefused("images", "more data");
  }

  @Test
  void refusesSizesThatNoMemoryHolds() {
    byte[] huge =
        ByteBuffer.allocate(16)
            .putInt(0x0803)
            .putInt(12)
            .putInt(Integer.MAX_VALUE)
            .putInt(Integer.MAX_VALUE)
            .array();
    write(images, huge);
    assertRefused("images", "2147483647", "2^63");
    write(images, gzip(huge));
    assertRefused("images", "2147483647", "2^63");
    ByteBuffer.wrap(huge).putInt(12, 1);
    write(images, gzip(huge));
    assertRefused("images", "2147483647", "cut short");
  }

  @Test
  void refusesEmptyExtents() {
    write(images, idx(251, 12, 0, 5));
    assertRefused("images", "extent 0");
  }

  @Test
  void statesTheLimitOfWhatItHoldsInMemory() {
    assertInvalid(
        () -> PixelStore.allocate(images, 1 << 30, 28, 28, 1), "images", "at most 16 GiB");
    assertInvalid(() -> PixelStore.allocate(images, 1, 1 << 20, 1 << 20, 1), "at most 16 GiB");
  }
}
