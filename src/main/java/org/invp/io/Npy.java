package org.invp.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/**
 * NumPy's {@code .npy} files, row-major, little endian (<a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">format</a>):
 * written as version 1.0; float32 is also mapped, from versions 1.0 to 3.0.
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int ALIGNMENT = 64;
  private static final int LONGEST_HEADER = 1 << 16;
  private static final Pattern DESCRIPTION =
      Pattern.compile(
          "\\{\\s*'descr':\\s*'([^']*)',\\s*'fortran_order':\\s*(True|False),"
              + "\\s*'shape':\\s*\\(([0-9, ]*)\\),?\\s*\\}\\s*");

  private Npy() {}

  /**
   * Writes a tensor with its shape, atomically.
   *
   * @throws InvpException when the file cannot be written; an older one stays whole
   */
  public static void write(Path path, FloatTensor tensor) {
    write(path, "<f4", tensor.segment(), tensor.shape());
  }

  /** As {@link #write(Path, FloatTensor)}, for 64-bit integers, [values]. */
  public static void write(Path path, long... values) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_LONG, values);
      write(path, "<i8", data, values.length);
    }
  }

  private static void write(Path path, String type, MemorySegment data, long... shape) {
    byte[] header = header(type, shape);
    AtomicFile.write(
        path,
        channel -> {
          Channels.write(channel, ByteBuffer.wrap(header));
          Channels.write(channel, data);
        });
  }

  /**
   * Maps a file's array into memory; closing the tensor ends the mapping.
   *
   * @param writable whether writes to the tensor reach the file; otherwise they fail
   * @throws InvalidDataException if the file is not such an array, or is cut short
   * @throws InvpException if it cannot be read
   */
  public static FloatTensor map(Path path, boolean writable) {
    try (FileChannel channel =
        writable
            ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
            : FileChannel.open(path, StandardOpenOption.READ)) {
      Layout layout = layout(path, channel);
      long bytes = Float.BYTES;
      for (long extent : layout.shape()) {
        bytes = Math.multiplyExact(bytes, extent);
      }
      if (channel.size() != layout.offset() + bytes) {
        throw new InvalidDataException(
            Text.format(
                "%s: %d bytes, an array of shape %s needs %d",
                path, channel.size(), Arrays.toString(layout.shape()), layout.offset() + bytes));
      }
      Arena arena = NativeObjects.sharedArena();
      try {
        FileChannel.MapMode mode =
            writable ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY;
        MemorySegment mapped = channel.map(mode, 0, channel.size(), arena);
        return FloatTensor.adopt(arena, mapped.asSlice(layout.offset(), bytes), layout.shape());
      } catch (IOException | RuntimeException e) {
        arena.close();
        throw e;
      }
    } catch (ArithmeticException e) {
      throw new InvalidDataException(path + ": the array's shape is beyond 2^63 bytes", e);
    } catch (IOException e) {
      throw new InvpException(path + ": cannot be read: " + e, e);
    }
  }

  /** Where an array begins and how it is shaped. */
  @SuppressWarnings("ArrayRecordComponent") // A shape is an array everywhere in this library.
  private record Layout(long offset, long[] shape) {}

  private static Layout layout(Path path, FileChannel channel) throws IOException {
    byte[] start = read(path, channel, 0, MAGIC.length + 2);
    if (!Arrays.equals(Arrays.copyOf(start, MAGIC.length), MAGIC)) {
      throw new InvalidDataException(path + ": not an .npy file");
    }
    int major = start[MAGIC.length];
    if (major < 1 || major > 3) {
      throw new InvalidDataException(path + ": .npy version " + major + ", known: 1 to 3");
    }
    int lengthBytes = major == 1 ? Short.BYTES : Integer.BYTES;
    MemorySegment length = MemorySegment.ofArray(read(path, channel, start.length, lengthBytes));
    long header =
        major == 1
            ? Short.toUnsignedLong(length.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0))
            : Integer.toUnsignedLong(length.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    if (header > LONGEST_HEADER) {
      throw new InvalidDataException(
          path + ": .npy header of " + header + " bytes, allowed: " + LONGEST_HEADER);
    }
    long position = (long) start.length + lengthBytes;
    String text =
        new String(read(path, channel, position, (int) header), StandardCharsets.US_ASCII);
    return new Layout(position + header, shape(path, text));
  }

  private static long[] shape(Path path, String description) {
    Matcher matcher = DESCRIPTION.matcher(description);
    if (!matcher.matches()) {
      throw new InvalidDataException(path + ": unreadable .npy header: " + description.strip());
    }
    if (!matcher.group(1).equals("<f4") || !matcher.group(2).equals("False")) {
      throw new InvalidDataException(
          Text.format(
              "%s: array of '%s', fortran_order %s; needs '<f4', False",
              path, matcher.group(1), matcher.group(2)));
    }
    try {
      return Arrays.stream(matcher.group(3).split(","))
          .map(String::strip)
          .filter(extent -> !extent.isEmpty())
          .mapToLong(Long::parseLong)
          .toArray();
    } catch (NumberFormatException e) {
      throw new InvalidDataException(path + ": unreadable shape (" + matcher.group(3) + ")", e);
    }
  }

  private static byte[] read(Path path, FileChannel channel, long position, int count)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new InvalidDataException(path + ": the .npy header is cut short");
      }
    }
    return bytes.array();
  }

  private static byte[] header(String type, long... shape) {
    String extents =
        Arrays.stream(shape).mapToObj(extent -> extent + ",").collect(Collectors.joining(" "));
    String description =
        Text.format("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, extents);
    int prefix = MAGIC.length + 2 + Short.BYTES;
    int padding = ALIGNMENT - (prefix + description.length() + 1) % ALIGNMENT;
    byte[] text = (description + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(prefix + text.length)
        .put(MAGIC)
        .put((byte) 1)
        .put((byte) 0)
        .put((byte) text.length)
        .put((byte) (text.length >> 8))
        .put(text)
        .array();
  }
}
