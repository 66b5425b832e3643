package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small files of many encoders, and what Pillow reads from them: scripts/make-encoded-fixtures.py
 * wrote both.
 */
class PillowPixelsTest {
  private static final String REFUSED = "refused";

  @TempDir Path folder;

  private static List<String[]> files() {
    String list = new String(fixture("encoded/pillow.txt"), StandardCharsets.UTF_8);
    return list.lines().map(line -> line.split(" ")).toList();
  }

  static Stream<String> read() {
    return files().stream().filter(f -> !f[1].equals(REFUSED)).map(f -> f[0]);
  }

  static Stream<String> refused() {
    return files().stream().filter(f -> f[1].equals(REFUSED)).map(f -> f[0]);
  }

  private static String[] line(String file) {
    return files().stream().filter(f -> f[0].equals(file)).findFirst().orElseThrow();
  }

  @Test
  void thereAreFilesOfEveryType() {
    assertTrue(read().count() > 150);
    for (String ending : List.of("jpg", "png", "bmp", "gif", "tif", "webp")) {
      assertTrue(read().filter(name -> name.endsWith("." + ending)).count() >= 10, ending);
    }
  }

  @ParameterizedTest
  @MethodSource("read")
  void thePixelsArePillows(String name) {
    String[] line = line(name);
    int width = Integer.parseInt(line[1]);
    int height = Integer.parseInt(line[2]);
    assertEquals(line[3], sha256(pixels(name, height, width)));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatWouldHaveOtherPixelsIsRefusedByName(String name) {
    assertInvalid(() -> pixels(name, 1, 1), folder.resolve(name), line(name)[2]);
  }

  /** RGB bytes by way of an evaluation view, which also the native decoders give. */
  private byte[] pixels(String name, int height, int width) {
    Path file = Samples.write(folder.resolve(name), fixture("encoded/" + name));
    try (ImageBuffer image = new ImageBuffer();
        NativeTransform view = new NativeTransform(EvaluationTransform.raw(height, width, 3));
        FloatTensor output = FloatTensor.allocate(3, height, width)) {
      ImageFile.read(file, image);
      view.apply(0, 0, 0, image, output.segment());
      return interleaved(output.segment(), height * width);
    }
  }

  private static byte[] interleaved(MemorySegment planes, int size) {
    byte[] pixels = new byte[3 * size];
    for (int i = 0; i < pixels.length; i++) {
      float share = planes.getAtIndex(ValueLayout.JAVA_FLOAT, (long) (i % 3) * size + i / 3);
      pixels[i] = (byte) Math.round(share * 255);
    }
    return pixels;
  }

  private static String sha256(byte[] data) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<String> ofOneFrame() {
    return read().filter(name -> !name.contains("frames") && !name.contains("pages"));
  }

  /** Whatever is missing is not made up. */
  @ParameterizedTest
  @MethodSource("ofOneFrame")
  void noHalfOfAFileIsRead(String name) {
    byte[] whole = fixture("encoded/" + name);
    Path file = Samples.write(folder.resolve(name), Arrays.copyOf(whole, whole.length / 2));
    try (ImageBuffer image = new ImageBuffer();
        NativeTransform view = new NativeTransform(EvaluationTransform.raw(1, 1, 3));
        FloatTensor output = FloatTensor.allocate(3, 1, 1)) {
      assertInvalid(
          () -> {
            ImageFile.read(file, image);
            view.apply(0, 0, 0, image, output.segment());
          });
    }
  }
}
