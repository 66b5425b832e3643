package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.netpbm;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFileTest {
  @TempDir Path folder;
  private final ImageBuffer buffer = new ImageBuffer();

  @AfterEach
  void release() {
    buffer.close();
  }

  private void read(byte[] file) {
    ImageFile.read(write(folder.resolve("image"), file), buffer);
  }

  @ParameterizedTest
  @CsvSource({
    "colour.png, colour.ppm, 3",
    "alpha.png, colour.ppm, 3",
    "palette.png, palette.ppm, 3",
    "gray.png, gray.pgm, 1",
    "deep.png, gray.pgm, 1",
    "bits.png, bits.pgm, 1"
  })
  void readsTheSamplesOfPngFilesAsStored(String png, String expected, int channels) {
    read(fixture(png));
    assertEquals(channels, buffer.channels());
    assertArrayEquals(netpbm(expected), Samples.bytes(buffer));
  }

  @ParameterizedTest
  @CsvSource({
    "deep_colour.png, colour.ppm, 3",
    "gray_alpha.png, gray.pgm, 1",
    "palette_alpha.png, palette.ppm, 3",
    "colour.bmp, colour.ppm, 3",
    "gray.bmp, gray.pgm, 1",
    "palette.gif, palette.ppm, 3",
    "colour.tif, colour.ppm, 3",
    "cmyk.tif, cmyk_tif.ppm, 3"
  })
  void readsOtherTypesAsPillowDoes(String file, String expected, int channels) {
    read(fixture(file));
    assertEquals(channels, buffer.channels());
    assertArrayEquals(netpbm(expected), Samples.bytes(buffer));
  }

  @Test
  void refusesAnEmptyFile() {
    assertInvalid(() -> read(new byte[0]), "image", "0 bytes");
  }

  @Test
  void refusesWhatIsNoImage() {
    byte[] text = "no image, whatever its name says".getBytes(StandardCharsets.UTF_8);
    assertInvalid(() -> read(text), "image", "unknown image type", "JPEG, PNG");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "colour.png",
        "gray.png",
        "palette.png",
        "colour.bmp",
        "palette.gif",
        "colour.tif"
      })
  void refusesATruncatedFile(String name) {
    byte[] whole = fixture(name);
    for (int percent : new int[] {1, 5, 20, 50, 80, 90}) {
      byte[] part = Arrays.copyOf(whole, whole.length * percent / 100);
      assertInvalid(() -> read(part), "image");
    }
  }

  @Test
  void refusesAPngInWhichAnyBitWasTurned() {
    byte[] whole = fixture("colour.png");
    int end = whole.length - 12; // The last chunk, which only says that it is.
    for (int at = 0; at < end; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      assertInvalid(() -> read(damaged), "image");
    }
  }

  @Test
  void refusesAPngOfAbsurdSize() {
    byte[] file = fixture("colour.png");
    file[16] = 0x40; // the high byte of the width
    assertInvalid(() -> read(file), "image", "at most 134217728 are read");
  }
}
