package org.invp.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.invp.InvalidDataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TenCropTest {
  /** torchvision.transforms.functional.ten_crop(arange(42).reshape(1, 7, 6), (4, 3)), row-major. */
  private static final String TORCHVISION =
      """
      0 1 2 6 7 8 12 13 14 18 19 20
      3 4 5 9 10 11 15 16 17 21 22 23
      18 19 20 24 25 26 30 31 32 36 37 38
      21 22 23 27 28 29 33 34 35 39 40 41
      14 15 16 20 21 22 26 27 28 32 33 34
      5 4 3 11 10 9 17 16 15 23 22 21
      2 1 0 8 7 6 14 13 12 20 19 18
      23 22 21 29 28 27 35 34 33 41 40 39
      20 19 18 26 25 24 32 31 30 38 37 36
      15 14 13 21 20 19 27 26 25 33 32 31
      """;

  private static final Decoding APPLIED =
      new Decoding(Decoding.Mode.EXACT, Decoding.Exif.APPLY, Decoding.OnCorrupt.FAIL);

  @TempDir Path folder;

  @Test
  void cropsAreThoseOfTorchvision() {
    Samples.write(folder.resolve("train-images-idx3-ubyte"), Samples.idx(251, 1, 7, 6));
    Samples.write(folder.resolve("train-labels-idx1-ubyte"), Samples.idx(10, 1));
    try (ImageDataset images = IdxDataset.open(folder, Split.TRAIN)) {
      float[] crops = first(images, new TenCrop(EvaluationTransform.raw(4, 3, 1)));
      StringBuilder lines = new StringBuilder();
      for (int crop = 0; crop < TenCrop.CROPS; crop++) {
        int from = crop * 12;
        lines
            .append(
                Arrays.stream(toPixels(Arrays.copyOfRange(crops, from, from + 12)))
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining(" ")))
            .append('\n');
      }
      assertEquals(TORCHVISION, lines.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"baseline.jpg", "lossy.webp", "colour.png"})
  void theFifthCropOfAResizedFileIsTheCentreCrop(String name) {
    Samples.write(folder.resolve("class").resolve(name), Samples.fixture(name));
    try (ImageDataset images = FolderDataset.open(folder)) {
      for (int resize : new int[] {0, 21, 40}) {
        EvaluationTransform view = new EvaluationTransform(resize, 16, 14, Normalisation.IMAGENET);
        float[] crops = first(images, new TenCrop(view));
        float[] centre = first(images, view);
        int elements = centre.length;
        assertEquals(TenCrop.CROPS * elements, crops.length);
        assertArrayEquals(centre, Arrays.copyOfRange(crops, 4 * elements, 5 * elements));
      }
    }
  }

  /** The upright image is Pillow's; its five crops and their mirror images are cut out by hand. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void cropsAreThoseOfTheUprightImage(int orientation) {
    int height = 29;
    int width = 43;
    int cropHeight = 24;
    int cropWidth = 30;
    byte[] upright = Samples.netpbm("exif" + orientation + ".ppm");
    Samples.write(folder.resolve("class/a.jpg"), Samples.fixture("exif" + orientation + ".jpg"));
    EvaluationTransform view =
        new EvaluationTransform(0, cropHeight, cropWidth, Normalisation.none(3), APPLIED);
    try (ImageDataset images = FolderDataset.open(folder)) {
      int[] crops = toPixels(first(images, new TenCrop(view)));
      int[][] corners = {{0, 0}, {0, 13}, {5, 0}, {5, 13}, {2, 6}};
      int[] expected = new int[crops.length];
      int at = 0;
      for (boolean mirrored : new boolean[] {false, true}) {
        for (int[] corner : corners) {
          for (int c = 0; c < 3; c++) {
            for (int y = 0; y < cropHeight; y++) {
              for (int x = 0; x < cropWidth; x++) {
                int column = corner[1] + x;
                int pixel = (corner[0] + y) * width + (mirrored ? width - 1 - column : column);
                expected[at++] = Byte.toUnsignedInt(upright[3 * pixel + c]);
              }
            }
          }
        }
      }
      assertEquals(3 * height * width, upright.length);
      assertArrayEquals(expected, crops);
      int crop = crops.length / TenCrop.CROPS;
      assertArrayEquals(
          Arrays.copyOfRange(crops, 4 * crop, 5 * crop), toPixels(first(images, view)));
    }
  }

  @Test
  void anImageThatIsTooSmallIsNamed() {
    Samples.write(folder.resolve("train-images-idx3-ubyte"), Samples.idx(251, 1, 7, 6));
    Samples.write(folder.resolve("train-labels-idx1-ubyte"), Samples.idx(10, 1));
    try (ImageDataset images = IdxDataset.open(folder, Split.TRAIN)) {
      TenCrop crops = new TenCrop(EvaluationTransform.raw(4, 7, 1));
      InvalidDataException e = assertThrows(InvalidDataException.class, () -> first(images, crops));
      assertTrue(e.getMessage().contains("image 0 of"), e.getMessage());
      assertTrue(e.getMessage().contains("6 x 7 pixels cannot give crops"), e.getMessage());
    }
  }

  private static float[] first(ImageDataset images, Transform transform) {
    try (DataLoader loader = new DataLoader(images, transform, 1, 1, 0, true)) {
      loader.start(0, 0);
      return loader.next().images().toArray();
    }
  }

  private static int[] toPixels(float... values) {
    int[] pixels = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      pixels[i] = Math.round(255 * values[i]);
    }
    return pixels;
  }
}
