package org.invp.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * An IDX file open for reading, gzip-compressed or not (told by its first bytes, not by its name):
 * a big-endian header of two zero bytes, the type (8: unsigned bytes), the number of dimensions and
 * their extents, then the elements (described with the MNIST database).
 */
final class IdxFile implements AutoCloseable {
  /** Deflate cannot shrink data further than about 1 : 1032. */
  private static final long MAX_RATIO = 1032;

  private static final int UNSIGNED_BYTE = 8;

  private final Path path;
  private final InputStream in;
  private final int[] shape;

  private IdxFile(Path path, InputStream in, int[] shape) {
    this.path = path;
    this.in = in;
    this.shape = shape;
  }

  /**
   * Opens a file and reads its header.
   *
   * @param dimensions how many it must have
   * @throws InvalidDataException if it is not such a file, or too short for what its header says
   */
  static IdxFile open(Path path, int dimensions) {
    InputStream in = null;
    try {
      long bytes = Files.size(path);
      BufferedInputStream buffered = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
      in = buffered;
      boolean compressed = isGzip(buffered);
      if (compressed) {
        in = new GZIPInputStream(buffered, 1 << 16);
      }
      int[] shape = header(path, in, dimensions);
      long claimed = fileBytes(path, shape);
      if (compressed ? claimed / MAX_RATIO > bytes : claimed != bytes) {
        throw new InvalidDataException(
            Text.format(
                "%s: %d bytes%s, but its header %s announces %d; the file is %s",
                path,
                bytes,
                compressed ? " compressed" : "",
                Arrays.toString(shape),
                claimed,
                claimed > bytes ? "cut short" : "too long"));
      }
      return new IdxFile(path, in, shape);
    } catch (IOException | InvalidDataException e) {
      closeQuietly(in);
      throw failure(path, e);
    }
  }

  /** The extents. */
  int[] shape() {
    return shape.clone();
  }

  /** Reads the next elements, exactly filling {@code target}. */
  void read(byte[] target) {
    try {
      int count = in.readNBytes(target, 0, target.length);
      if (count < target.length) {
        throw new EOFException();
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  /** Checks that nothing follows; for a compressed file this also checks its checksum. */
  void finish() {
    try {
      if (in.read() >= 0) {
        throw new InvalidDataException(
            Text.format(
                "%s: more data than its header %s announces", path, Arrays.toString(shape)));
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  @Override
  public void close() {
    closeQuietly(in);
  }

  private static boolean isGzip(BufferedInputStream in) throws IOException {
    in.mark(2);
    boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return gzip;
  }

  private static int[] header(Path path, InputStream in, int dimensions) throws IOException {
    int magic = bigEndian(in);
    int expected = UNSIGNED_BYTE << 8 | dimensions;
    if (magic != expected) {
      throw new InvalidDataException(
          Text.format(
              "%s: magic number 0x%08x, expected 0x%08x (IDX, unsigned bytes, %d dimension%s)",
              path, magic, expected, dimensions, dimensions == 1 ? "" : "s"));
    }
    int[] shape = new int[dimensions];
    for (int d = 0; d < dimensions; d++) {
      shape[d] = bigEndian(in);
      if (shape[d] < 1) {
        throw new InvalidDataException(
            Text.format(
                "%s: extent %d in its header, expected 1 to %d",
                path, shape[d] & 0xffffffffL, Integer.MAX_VALUE));
      }
    }
    return shape;
  }

  private static long fileBytes(Path path, int[] shape) {
    try {
      long elements = 1;
      for (int extent : shape) {
        elements = Math.multiplyExact(elements, extent);
      }
      return Math.addExact(elements, 4L + 4L * shape.length);
    } catch (ArithmeticException e) {
      throw new InvalidDataException(
          Text.format(
              "%s: its header %s announces more than 2^63 bytes", path, Arrays.toString(shape)),
          e);
    }
  }

  private static int bigEndian(InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(4);
    if (bytes.length < 4) {
      throw new EOFException();
    }
    return ByteBuffer.wrap(bytes).getInt();
  }

  private static InvalidDataException failure(Path path, Exception e) {
    if (e instanceof InvalidDataException known) {
      return known;
    }
    if (e instanceof EOFException) {
      return new InvalidDataException(path + ": the file is cut short", e);
    }
    if (e instanceof ZipException) {
      return new InvalidDataException(path + ": damaged gzip data: " + e.getMessage(), e);
    }
    return new InvalidDataException(path + ": " + IoErrors.reason((IOException) e), e);
  }

  private static void closeQuietly(InputStream in) {
    if (in != null) {
      try {
        in.close();
      } catch (IOException e) {
        // Reading is over; nothing is lost.
      }
    }
  }
}
