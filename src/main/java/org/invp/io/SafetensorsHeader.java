package org.invp.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/** The JSON header of a safetensors file: which tensor lies where. */
@SuppressWarnings("ArrayRecordComponent") // A shape is an array everywhere in this library.
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries) {
  static final String METADATA = "__metadata__";
  private static final int MAX_DIMENSIONS = 16;
  private static final int PADDING = 8;
  private static final String NO_CHECKSUM = "00000000";

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(8).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** One tensor; {@code begin} and {@code end} count from the first byte after the header. */
  record Entry(String name, DType dtype, long[] shape, long begin, long end) {}

  /** The header's bytes, padded with spaces so that the data starts at a multiple of 8. */
  static byte[] encode(Map<String, String> metadata, List<NamedTensor> tensors) {
    Map<String, String> strings = new TreeMap<>(metadata);
    strings.put(Safetensors.HEADER_CHECKSUM, NO_CHECKSUM);
    strings.put(Safetensors.HEADER_CHECKSUM, checksum(json(strings, tensors)));
    return json(strings, tensors);
  }

  private static byte[] json(Map<String, String> metadata, List<NamedTensor> tensors) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeObjectFieldStart(METADATA);
      for (Map.Entry<String, String> item : metadata.entrySet()) {
        json.writeStringField(item.getKey(), item.getValue());
      }
      json.writeEndObject();
      long begin = 0;
      for (NamedTensor tensor : tensors) {
        long end = begin + tensor.data().byteSize();
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", tensor.dtype().name());
        json.writeFieldName("shape");
        json.writeArray(tensor.shape(), 0, tensor.shape().length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {begin, end}, 0, 2);
        json.writeEndObject();
        begin = end;
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    while (out.size() % PADDING != 0) {
      out.write(' ');
    }
    return out.toByteArray();
  }

  /**
   * Parses and checks a header.
   *
   * @param dataBytes the bytes that follow the header; the tensors must fill them exactly
   */
  static SafetensorsHeader decode(Path path, byte[] bytes, long dataBytes) {
    JsonNode root = parse(path, bytes);
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Entry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(METADATA)) {
        readMetadata(path, field.getValue(), metadata);
      } else {
        entries.add(entry(path, field.getKey(), field.getValue()));
      }
    }
    verify(path, bytes, metadata.get(Safetensors.HEADER_CHECKSUM));
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long at = 0;
    for (Entry entry : entries) {
      if (entry.begin() != at) {
        throw invalid(
            path, entry.name(), Text.format("starts at byte %d, expected %d", entry.begin(), at));
      }
      at = entry.end();
      if (at > dataBytes) {
        throw invalid(
            path,
            entry.name(),
            Text.format("ends at byte %d of %d: the file is truncated", at, dataBytes));
      }
    }
    if (at != dataBytes) {
      throw Safetensors.invalid(
          path, Text.format("%d bytes follow the last tensor", dataBytes - at));
    }
    return new SafetensorsHeader(metadata, entries);
  }

  /** Compares the header's own checksum, which was taken with zeros in its place. */
  private static void verify(Path path, byte[] header, String expected) {
    if (expected == null) {
      return;
    }
    byte[] item = item(expected).getBytes(StandardCharsets.UTF_8);
    byte[] zeros = item(NO_CHECKSUM).getBytes(StandardCharsets.UTF_8);
    byte[] taken = header.clone();
    for (int at = 0; at + item.length <= header.length && item.length == zeros.length; at++) {
      if (Arrays.equals(header, at, at + item.length, item, 0, item.length)) {
        System.arraycopy(zeros, 0, taken, at, zeros.length);
        break;
      }
    }
    String actual = checksum(taken);
    if (!actual.equals(expected)) {
      throw Safetensors.invalid(
          path,
          Text.format(
              "the header's checksum is %s, stored is %s: it is damaged",
              actual, oneLine(expected)));
    }
  }

  private static String item(String checksum) {
    return Text.format("\"%s\":\"%s\"", Safetensors.HEADER_CHECKSUM, checksum);
  }

  private static String checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Text.format("%08x", crc.getValue());
  }

  private static JsonNode parse(Path path, byte[] bytes) {
    JsonNode root;
    try (JsonParser parser = JSON.createParser(new String(bytes, StandardCharsets.UTF_8))) {
      root = JSON.readTree(parser);
    } catch (JsonProcessingException e) {
      throw Safetensors.invalid(path, "the header is not JSON: " + oneLine(e.getOriginalMessage()));
    } catch (IOException e) {
      throw Safetensors.invalid(path, "the header is not JSON: " + oneLine(e.getMessage()));
    }
    if (root == null || !root.isObject()) {
      throw Safetensors.invalid(path, "the header is not a JSON object");
    }
    return root;
  }

  private static void readMetadata(Path path, JsonNode node, Map<String, String> metadata) {
    if (!node.isObject()) {
      throw invalid(path, METADATA, "is not a JSON object");
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!field.getValue().isTextual()) {
        throw invalid(path, METADATA, "has a value that is not a string: " + field.getKey());
      }
      metadata.put(field.getKey(), field.getValue().textValue());
    }
  }

  private static Entry entry(Path path, String name, JsonNode node) {
    if (!node.isObject()) {
      throw invalid(path, name, "is not a JSON object");
    }
    DType dtype = dtype(path, name, node.get("dtype"));
    long[] shape = longs(path, name, "shape", node.get("shape"));
    if (shape.length > MAX_DIMENSIONS) {
      throw invalid(
          path, name, Text.format("has %d dimensions, at most %d", shape.length, MAX_DIMENSIONS));
    }
    long[] offsets = longs(path, name, "data_offsets", node.get("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw invalid(path, name, "data_offsets must be two ascending numbers");
    }
    long bytes;
    try {
      bytes = Math.multiplyExact(NamedTensor.elements(shape), (long) dtype.bytes());
    } catch (ArithmeticException e) {
      throw invalid(path, name, "is too large: " + Arrays.toString(shape));
    }
    if (bytes != offsets[1] - offsets[0]) {
      throw invalid(
          path,
          name,
          Text.format(
              "%s%s needs %d bytes, the header gives it %d",
              dtype, Arrays.toString(shape), bytes, offsets[1] - offsets[0]));
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private static DType dtype(Path path, String name, JsonNode node) {
    for (DType dtype : DType.values()) {
      if (node != null && dtype.name().equals(node.textValue())) {
        return dtype;
      }
    }
    throw invalid(
        path, name, Text.format("dtype %s, supported: %s", node, Arrays.toString(DType.values())));
  }

  private static long[] longs(Path path, String name, String key, JsonNode node) {
    if (node == null || !node.isArray()) {
      throw invalid(path, name, key + " is not an array");
    }
    long[] values = new long[node.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = node.get(i);
      if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
        throw invalid(
            path, name, Text.format("%s holds %s, not a whole number of at least 0", key, value));
      }
      values[i] = value.longValue();
    }
    return values;
  }

  private static InvalidDataException invalid(Path path, String name, String reason) {
    return Safetensors.invalid(path, "tensor " + oneLine(name) + ": " + reason);
  }

  private static String oneLine(String text) {
    String line = text.replaceAll("\\s+", " ");
    return line.length() <= 200 ? line : line.substring(0, 200) + "...";
  }
}
