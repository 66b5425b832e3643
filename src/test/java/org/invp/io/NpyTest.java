package org.invp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTest {
  @TempDir Path folder;

  @Test
  void writesVersionOneWithAlignedData() throws IOException {
    Path path = folder.resolve("x.npy");
    try (FloatTensor tensor = FloatTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2)) {
      Npy.write(path, tensor);
    }
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[8];
    file.get(magic);
    assertEquals("\u0093NUMPY\1\0", new String(magic, StandardCharsets.ISO_8859_1));
    byte[] header = new byte[file.getShort()];
    file.get(header);
    String text = new String(header, StandardCharsets.US_ASCII);
    assertEquals("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2,), }", text.strip());
    assertEquals('\n', text.charAt(text.length() - 1));
    assertEquals(0, file.position() % 64);
    assertEquals(24, file.remaining());
    assertEquals(1f, file.getFloat());
  }

  @Test
  void writesWholeNumbers() throws IOException {
    Path path = folder.resolve("x.npy");
    Npy.write(path, 7, -1L << 40);
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    String header = new String(file.array(), 0, 128, StandardCharsets.ISO_8859_1);
    assertTrue(
        header.contains("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }"), header);
    assertEquals(7, file.getLong(128));
    assertEquals(-1L << 40, file.getLong(136));
    assertEquals(144, file.limit());
  }
}
