package org.invp.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/** Reads an image file into a buffer. What it is, its first bytes tell, not its name. */
final class ImageFile {
  /** The largest file that is read. */
  static final long MAX_BYTES = 1L << 29;

  private static final int WEBP_HEADER = 12;
  private static final int RIFF = 0x52494646; // "RIFF"
  private static final int WEBP = 0x57454250; // "WEBP"
  private static final ValueLayout.OfInt BIG_ENDIAN =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private ImageFile() {}

  /**
   * Reads a file: JPEG and WebP as they are, for the native decoders; any other type decoded to
   * pixels.
   *
   * @throws InvalidDataException if it is missing, empty, damaged or of an unknown type
   */
  static void read(Path path, ImageBuffer buffer) {
    MemorySegment file = bytes(path, buffer);
    if (isJpeg(file)) {
      buffer.referToFile(file, ImageBuffer.Encoding.JPEG);
      return;
    }
    if (isWebp(file)) {
      buffer.referToFile(file, ImageBuffer.Encoding.WEBP);
      return;
    }
    // An own copy: the decoded pixels take the buffer's memory.
    byte[] copy = file.toArray(ValueLayout.JAVA_BYTE);
    try {
      ImageIoDecoder.decode(copy, buffer);
    } catch (InvalidDataException e) {
      throw new InvalidDataException(path + ": " + e.getMessage(), e);
    }
  }

  private static MemorySegment bytes(Path path, ImageBuffer buffer) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size == 0 || size > MAX_BYTES) {
        throw new InvalidDataException(
            Text.format(
                "%s: %d bytes, expected an image file of 1 to %d bytes", path, size, MAX_BYTES));
      }
      MemorySegment target = buffer.reserve(size);
      ByteBuffer bytes = target.asByteBuffer();
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
      if (bytes.hasRemaining()) {
        throw new InvalidDataException(path + ": the file shrank while it was read");
      }
      return target;
    } catch (IOException e) {
      throw new InvalidDataException(path + ": " + IoErrors.reason(e), e);
    }
  }

  private static boolean isJpeg(MemorySegment file) {
    return file.byteSize() > 3
        && file.get(ValueLayout.JAVA_BYTE, 0) == (byte) 0xff
        && file.get(ValueLayout.JAVA_BYTE, 1) == (byte) 0xd8
        && file.get(ValueLayout.JAVA_BYTE, 2) == (byte) 0xff;
  }

  private static boolean isWebp(MemorySegment file) {
    return file.byteSize() >= WEBP_HEADER
        && file.get(BIG_ENDIAN, 0) == RIFF
        && file.get(BIG_ENDIAN, 8) == WEBP;
  }
}
