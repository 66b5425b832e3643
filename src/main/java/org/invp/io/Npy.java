package org.invp.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.invp.tensor.FloatTensor;

/**
 * Writes NumPy's {@code .npy} files, version 1.0: float32, row-major, little endian (<a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">format</a>).
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  private static final int ALIGNMENT = 64;

  private Npy() {}

  /**
   * Writes a tensor with its shape, atomically.
   *
   * @throws org.invp.InvpException when the file cannot be written; an older one stays whole
   */
  public static void write(Path path, FloatTensor tensor) {
    byte[] header = header(tensor.shape());
    AtomicFile.write(
        path,
        channel -> {
          Channels.write(channel, ByteBuffer.wrap(header));
          Channels.write(channel, tensor.segment());
        });
  }

  private static byte[] header(long... shape) {
    String extents =
        Arrays.stream(shape).mapToObj(extent -> extent + ",").collect(Collectors.joining(" "));
    String description =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }".formatted(extents);
    int prefix = MAGIC.length + Short.BYTES;
    int padding = ALIGNMENT - (prefix + description.length() + 1) % ALIGNMENT;
    byte[] text = (description + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(prefix + text.length)
        .put(MAGIC)
        .put((byte) text.length)
        .put((byte) (text.length >> 8))
        .put(text)
        .array();
  }
}
