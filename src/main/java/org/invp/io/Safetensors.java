package org.invp.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import org.invp.InvalidDataException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;

/**
 * Reads and writes safetensors files (<a
 * href="https://huggingface.co/docs/safetensors">format</a>): eight bytes with the length of a JSON
 * header, the header, then the tensors' bytes without gaps.
 *
 * <p>Files written here also carry two CRC-32C in their metadata: of the tensors' bytes, under
 * {@value #CHECKSUM}, and of the header itself, under {@value #HEADER_CHECKSUM}, with eight zeros
 * in the place of the latter. The reader verifies each where it is present.
 */
public final class Safetensors {
  /** The metadata key of the checksum over all tensor bytes, eight hexadecimal digits. */
  public static final String CHECKSUM = "crc32c";

  /** The metadata key of the checksum over the header, eight hexadecimal digits. */
  public static final String HEADER_CHECKSUM = "header_crc32c";

  static final long MAX_HEADER_BYTES = 100_000_000;
  private static final int ALIGNMENT = 64;

  private Safetensors() {}

  /**
   * Writes a file atomically, see {@link AtomicFile}. The same input gives the same bytes.
   *
   * @param metadata strings to travel along; {@value #CHECKSUM} and {@value #HEADER_CHECKSUM} are
   *     set by this method
   * @param tensors off-heap tensors with distinct names
   * @throws org.invp.InvpException when the file cannot be written; an older one stays whole
   */
  public static void write(Path path, Map<String, String> metadata, List<NamedTensor> tensors) {
    write(path, metadata, tensors, AtomicFile::write);
  }

  /** How the content reaches the disk. */
  @FunctionalInterface
  public interface Writer {
    /** Puts a content at a path. */
    void write(Path path, AtomicFile.Content content);
  }

  /** As {@link #write(Path, Map, List)}, by another way to the disk. */
  public static void write(
      Path path, Map<String, String> metadata, List<NamedTensor> tensors, Writer writer) {
    List<NamedTensor> ordered = inFileOrder(tensors);
    Map<String, String> strings = new HashMap<>(metadata);
    strings.put(CHECKSUM, checksum(ordered.stream().map(NamedTensor::data).toList()));
    byte[] header = SafetensorsHeader.encode(strings, ordered);
    writer.write(
        path,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          Channels.write(channel, length.putLong(header.length).flip());
          Channels.write(channel, ByteBuffer.wrap(header));
          for (NamedTensor tensor : ordered) {
            Channels.write(channel, tensor.data());
          }
        });
  }

  /**
   * Reads a whole file.
   *
   * @return the content; the caller closes it
   * @throws InvalidDataException when the file is missing, truncated or malformed
   */
  public static TensorFile read(Path path) {
    return open(path, Safetensors::copied);
  }

  /**
   * As {@link #read}, but the tensors are the file itself, mapped read-only: the operating system
   * keeps in memory what is used. While it is open no process may shorten the file; replacing it as
   * {@link AtomicFile} does is harmless.
   *
   * @return the content; the caller closes it
   * @throws InvalidDataException when the file is missing, truncated or malformed
   */
  public static TensorFile map(Path path) {
    return open(
        path,
        (channel, bytes, arena) ->
            channel.map(FileChannel.MapMode.READ_ONLY, channel.position(), bytes, arena));
  }

  /**
   * A file's metadata alone; its tensors are neither read nor verified.
   *
   * @throws InvalidDataException when the file is missing or its header malformed
   */
  public static Map<String, String> metadata(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      return header(path, channel, arena).metadata();
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    }
  }

  /** Gets the tensors' bytes, which begin at the channel's position. */
  private interface Data {
    MemorySegment get(FileChannel channel, long bytes, Arena arena) throws IOException;
  }

  private static MemorySegment copied(FileChannel channel, long bytes, Arena arena)
      throws IOException {
    MemorySegment data = arena.allocate(bytes, ALIGNMENT);
    Channels.read(channel, data);
    return data;
  }

  private static TensorFile open(Path path, Data data) {
    Arena arena = NativeObjects.sharedArena();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      TensorFile file = read(path, channel, arena, data);
      arena = null;
      return file;
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    } finally {
      if (arena != null) {
        arena.close();
      }
    }
  }

  private static SafetensorsHeader header(Path path, FileChannel channel, Arena arena)
      throws IOException {
    long fileBytes = channel.size();
    if (fileBytes < Long.BYTES) {
      throw invalid(
          path, Text.format("it has %d bytes, at least %d are needed", fileBytes, Long.BYTES));
    }
    long headerBytes = headerLength(channel);
    long limit = Math.min(MAX_HEADER_BYTES, fileBytes - Long.BYTES);
    if (headerBytes < 2 || headerBytes > limit) {
      throw invalid(
          path,
          Text.format(
              "the header claims %s bytes, allowed are 2 to %d",
              Long.toUnsignedString(headerBytes), limit));
    }
    MemorySegment header = arena.allocate(headerBytes);
    Channels.read(channel, header);
    long dataBytes = fileBytes - Long.BYTES - headerBytes;
    return SafetensorsHeader.decode(path, header.toArray(ValueLayout.JAVA_BYTE), dataBytes);
  }

  private static TensorFile read(Path path, FileChannel channel, Arena arena, Data source)
      throws IOException {
    SafetensorsHeader parsed = header(path, channel, arena);
    long dataBytes = channel.size() - channel.position();
    MemorySegment data = source.get(channel, dataBytes, arena);
    String expected = parsed.metadata().get(CHECKSUM);
    if (expected != null) {
      String actual = checksum(List.of(data));
      if (!actual.equals(expected)) {
        throw invalid(
            path,
            Text.format(
                "the data's checksum is %s, stored is %s: it is damaged", actual, expected));
      }
    }
    List<NamedTensor> tensors = new ArrayList<>();
    for (SafetensorsHeader.Entry entry : parsed.entries()) {
      MemorySegment slice = data.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.add(
          new NamedTensor(
              entry.name(), entry.dtype(), entry.shape(), aligned(slice, entry, arena)));
    }
    return new TensorFile(arena, parsed.metadata(), tensors);
  }

  /** Foreign files may place a tensor at an odd offset; such a tensor is moved. */
  private static MemorySegment aligned(
      MemorySegment slice, SafetensorsHeader.Entry entry, Arena arena) {
    if (entry.begin() % entry.dtype().bytes() == 0) {
      return slice;
    }
    return arena.allocate(slice.byteSize(), ALIGNMENT).copyFrom(slice);
  }

  private static long headerLength(FileChannel channel) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (length.hasRemaining()) {
      if (channel.read(length) < 0) {
        throw new IOException("the file ended early");
      }
    }
    return length.flip().getLong();
  }

  /** Wide elements first, so that every tensor is aligned to its own element size. */
  private static List<NamedTensor> inFileOrder(List<NamedTensor> tensors) {
    Set<String> names = new HashSet<>();
    for (NamedTensor tensor : tensors) {
      if (!names.add(tensor.name()) || tensor.name().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalArgumentException("tensor name used twice or reserved: " + tensor.name());
      }
    }
    return tensors.stream()
        .sorted(Comparator.comparingInt((NamedTensor tensor) -> -tensor.dtype().bytes()))
        .toList();
  }

  private static String checksum(List<MemorySegment> segments) {
    CRC32C crc = new CRC32C();
    for (MemorySegment segment : segments) {
      for (long at = 0; at < segment.byteSize(); at += Channels.chunkSize()) {
        crc.update(Channels.chunk(segment, at));
      }
    }
    return Text.format("%08x", crc.getValue());
  }

  static InvalidDataException invalid(Path path, String reason) {
    return new InvalidDataException(
        Text.format("%s is not a usable safetensors file: %s", path, reason));
  }
}
