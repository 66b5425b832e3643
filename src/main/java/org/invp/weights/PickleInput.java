package org.invp.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/** Reads values one after the other from memory, never beyond its end; little endian. */
final class PickleInput {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfDouble BIG_ENDIAN_DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int LONGEST_LINE = 256;

  private final MemorySegment bytes;
  private long position;

  PickleInput(MemorySegment bytes) {
    this.bytes = bytes;
  }

  long position() {
    return position;
  }

  int unsignedByte() {
    return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, take(1)));
  }

  int unsignedShort() {
    return Short.toUnsignedInt(bytes.get(SHORT, take(2)));
  }

  int signedInt() {
    return bytes.get(INT, take(4));
  }

  long unsignedInt() {
    return Integer.toUnsignedLong(bytes.get(INT, take(4)));
  }

  long signedLong() {
    return bytes.get(LONG, take(8));
  }

  double bigEndianDouble() {
    return bytes.get(BIG_ENDIAN_DOUBLE, take(8));
  }

  /** The next bytes, without a copy. */
  MemorySegment slice(long length) {
    return bytes.asSlice(take(length), length);
  }

  String text(long length, Charset charset) {
    return new String(slice(length).toArray(ValueLayout.JAVA_BYTE), charset);
  }

  /** The text up to the next line break, which is passed over. */
  String line() {
    long end = position;
    while (end < bytes.byteSize() && bytes.get(ValueLayout.JAVA_BYTE, end) != '\n') {
      end++;
      if (end - position > LONGEST_LINE) {
        throw new InvalidDataException("the pickle has a name of more than 256 characters");
      }
    }
    String line = text(end - position, StandardCharsets.UTF_8);
    take(1);
    return line;
  }

  private long take(long length) {
    if (length < 0 || length > bytes.byteSize() - position) {
      throw new InvalidDataException(
          Text.format(
              "the pickle needs %s bytes at byte %d of %d: it is cut short",
              Long.toUnsignedString(length), position, bytes.byteSize()));
    }
    long start = position;
    position += length;
    return start;
  }
}
