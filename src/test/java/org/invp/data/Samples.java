package org.invp.data;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.invp.InvalidDataException;
import org.junit.jupiter.api.function.Executable;

/** Small data sets written by hand, and the committed fixtures. */
public final class Samples {
  private Samples() {}

  /** An IDX file of unsigned bytes: element i is i modulo 251, or modulo {@code modulus}. */
  static byte[] idx(int modulus, int... shape) {
    int elements = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * shape.length + elements);
    file.putInt(0x0800 | shape.length);
    for (int extent : shape) {
      file.putInt(extent);
    }
    for (int i = 0; i < elements; i++) {
      file.put((byte) (i % modulus));
    }
    return file.array();
  }

  static byte[] gzip(byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  public static Path write(Path file, byte[] data) {
    try {
      Files.createDirectories(file.getParent());
      return Files.write(file, data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@code count} gray images with as many labels, in ten classes. */
  static IdxDataset gray(Path folder, int count, int height, int width) {
    Path images = write(folder.resolve("images"), idx(251, count, height, width));
    Path labels = write(folder.resolve("labels"), idx(10, count));
    return IdxDataset.open(images, labels, 10);
  }

  /** A committed fixture. */
  public static byte[] fixture(String name) {
    try (InputStream in = Samples.class.getResourceAsStream("/data/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The pixels of a binary PGM or PPM fixture. */
  static byte[] netpbm(String name) {
    byte[] file = fixture(name);
    String header = new String(file, 0, Math.min(32, file.length), US_ASCII);
    String[] words = header.split("\\s+", 5);
    int start = header.indexOf("255") + 4;
    byte[] pixels = Arrays.copyOfRange(file, start, file.length);
    int channels = "P6".equals(words[0]) ? 3 : 1;
    assertEquals(
        Integer.parseInt(words[1]) * Integer.parseInt(words[2]) * channels, pixels.length, name);
    return pixels;
  }

  static byte[] bytes(ImageBuffer buffer) {
    return buffer.data().toArray(ValueLayout.JAVA_BYTE);
  }

  /** Asserts that the data is refused in one line with these words in it. */
  public static void assertInvalid(Executable reading, Object... words) {
    InvalidDataException e = assertThrows(InvalidDataException.class, reading);
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    List.of(words)
        .forEach(word -> assertTrue(e.getMessage().contains(word.toString()), e.getMessage()));
  }
}
