package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads event files as TensorBoard does: checks every CRC (bit by bit, by the definition of
 * Castagnoli's polynomial), and forgets what a later session's start takes back.
 */
final class EventReader {
  /** A figure: its name, step and value. */
  record Scalar(String tag, long step, float value) {}

  private static final int CASTAGNOLI = 0x82f63b78;

  private EventReader() {}

  /** The figures of all files of a folder, in the order written. */
  static List<Scalar> scalars(Path folder) throws IOException {
    List<Scalar> scalars = new ArrayList<>();
    for (Path file : TensorBoardLog.files(folder)) {
      for (Map<Integer, List<Object>> event : events(file)) {
        long step = event.containsKey(2) ? (long) event.get(2).get(0) : 0;
        if (event.containsKey(7)) {
          scalars.removeIf(scalar -> scalar.step >= step);
        }
        for (Object summary : event.getOrDefault(5, List.of())) {
          for (Object value : fields((ByteBuffer) summary).getOrDefault(1, List.of())) {
            Map<Integer, List<Object>> fields = fields((ByteBuffer) value);
            if (fields.containsKey(2)) {
              String tag = text(fields.get(1).get(0));
              scalars.add(new Scalar(tag, step, (float) fields.get(2).get(0)));
            }
          }
        }
      }
    }
    return scalars;
  }

  /** Values by step of one name; fails if a step has two. */
  static Map<Long, Float> series(Path folder, String tag) throws IOException {
    Map<Long, Float> series = new TreeMap<>();
    for (Scalar scalar : scalars(folder)) {
      if (scalar.tag.equals(tag)) {
        assertEquals(null, series.put(scalar.step, scalar.value), tag + " twice");
      }
    }
    return series;
  }

  private static List<Map<Integer, List<Object>>> events(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Map<Integer, List<Object>>> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      int length = (int) bytes.getLong(bytes.position());
      checkCrc(bytes, Long.BYTES);
      ByteBuffer record = bytes.slice(bytes.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      checkCrc(bytes, length);
      events.add(fields(record));
    }
    return events;
  }

  /** Reads so many bytes, and the masked CRC that must follow them. */
  private static void checkCrc(ByteBuffer bytes, int count) {
    int crc = ~0;
    for (int i = 0; i < count; i++) {
      crc ^= bytes.get() & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) != 0 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
      }
    }
    crc = ~crc;
    assertEquals(((crc >>> 15) | (crc << 17)) + 0xa282ead8, bytes.getInt(), "CRC");
  }

  private static Map<Integer, List<Object>> fields(ByteBuffer message) {
    ByteBuffer rest = message.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, List<Object>> fields = new LinkedHashMap<>();
    while (rest.hasRemaining()) {
      long tag = varint(rest);
      Object value =
          switch ((int) (tag & 7)) {
            case 0 -> varint(rest);
            case 1 -> rest.getDouble();
            case 2 -> {
              int length = (int) varint(rest);
              ByteBuffer content = rest.slice(rest.position(), length);
              rest.position(rest.position() + length);
              yield content;
            }
            case 5 -> rest.getFloat();
            default -> throw new AssertionError("wire type of tag " + tag);
          };
      fields.computeIfAbsent((int) (tag >>> 3), key -> new ArrayList<>()).add(value);
    }
    return fields;
  }

  private static long varint(ByteBuffer bytes) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  private static String text(Object bytes) {
    return StandardCharsets.UTF_8.decode(((ByteBuffer) bytes).duplicate()).toString();
  }
}
