package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files are SciPy's (scripts/make-dataset-fixtures.py). */
@Tag("slow")
class SvhnDatasetTest {
  @TempDir Path folder;

  @BeforeEach
  void copyTheThreeFiles() {
    for (String name : new String[] {"train", "test", "extra"}) {
      place(name + "_32x32.mat", name + "_32x32.mat");
    }
  }

  private void place(String name, String fixture) {
    write(folder.resolve(name), fixture("sets/svhn/" + fixture));
  }

  private SvhnDataset open(Split split, boolean extra) {
    return SvhnDataset.open(folder, split, new FormatOptions.Svhn(extra));
  }

  private void assertTestRefused(Object... words) {
    assertInvalid(() -> open(Split.TEST, false), words);
  }

  private static void assertImage(SvhnDataset dataset, int index, int drawn) {
    try (ImageBuffer buffer = new ImageBuffer()) {
      dataset.read(index, buffer);
      byte[] pixels = Samples.bytes(buffer);
      for (int y = 0; y < 32; y++) {
        for (int x = 0; x < 32; x++) {
          for (int c = 0; c < 3; c++) {
            assertEquals(
                (7 * y + 3 * x + 50 * c + 11 * drawn) % 256,
                pixels[(y * 32 + x) * 3 + c] & 255,
                "row %d, column %d, channel %d".formatted(y, x, c));
          }
        }
      }
    }
  }

  @Test
  void readsPixelsInTheirPlacesAndTheLabelTenAsZero() {
    try (SvhnDataset train = open(Split.TRAIN, false);
        SvhnDataset test = open(Split.TEST, false)) {
      assertArrayEquals(new int[] {1, 0, 9}, train.labels());
      assertArrayEquals(new int[] {5, 0}, test.labels());
      assertEquals(10, train.classes());
      assertImage(train, 1, 1);
      assertImage(test, 1, 4);
    }
  }

  @Test
  void appendsTheExtraImagesWhenAsked() {
    try (SvhnDataset train = open(Split.TRAIN, true);
        SvhnDataset test = open(Split.TEST, true)) {
      assertArrayEquals(new int[] {1, 0, 9, 2}, train.labels());
      assertImage(train, 3, 5);
      assertEquals("image 0 of " + folder.resolve("extra_32x32.mat"), train.describe(3));
      assertEquals(2, test.size());
    }
  }

  @Test
  void namesAMissingFile() {
    folder.resolve("extra_32x32.mat").toFile().delete();
    assertInvalid(() -> open(Split.TRAIN, true), folder.resolve("extra_32x32.mat"), "no such file");
  }

  @Test
  void refusesATruncatedFile() {
    byte[] whole = fixture("sets/svhn/test_32x32.mat");
    for (int length = 0; length < whole.length; length++) {
      write(folder.resolve("test_32x32.mat"), Arrays.copyOf(whole, length));
      assertTestRefused("test_32x32.mat");
    }
  }

  @Test
  void refusesDamageInItsFirstKilobyteWithoutAFault() {
    byte[] whole = fixture("sets/svhn/test_32x32.mat");
    for (int at = 124; at < Math.min(whole.length, 1024); at += 3) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x55;
      write(folder.resolve("test_32x32.mat"), damaged);
      // Damage may hit padding, or leave a file that still makes sense.
      try (SvhnDataset dataset = open(Split.TEST, false)) {
        assertEquals(2, dataset.size());
      } catch (org.invp.InvalidDataException e) {
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
      }
    }
  }

  @Test
  void refusesALabelOutOfRange() {
    place("test_32x32.mat", "label_11.mat");
    assertTestRefused("test_32x32.mat", "label 11 of image 1", "1 to 10");
  }

  @Test
  void refusesCountsThatDiffer() {
    place("test_32x32.mat", "one_label.mat");
    assertTestRefused("test_32x32.mat", "2 images, but 1 labels");
  }

  @Test
  void refusesOtherShapesTypesAndVariables() {
    place("test_32x32.mat", "small.mat");
    assertTestRefused("test_32x32.mat", "X is [16, 32, 3, 2]", "[32, 32, 3, images]");
    place("test_32x32.mat", "no_y.mat");
    assertTestRefused("test_32x32.mat", "no variable y");
    place("test_32x32.mat", "double.mat");
    assertTestRefused("test_32x32.mat", "X is of double", "uint8");
  }

  @Test
  void saysHowToSaveAFileOfVersion73() {
    byte[] file = new byte[1024];
    byte[] text =
        "MATLAB 7.3 MAT-file, Platform: GLNXA64"
            .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, file, 0, text.length);
    write(folder.resolve("test_32x32.mat"), file);
    assertTestRefused("test_32x32.mat", "7.3", "-v7");
  }
}
