package org.invp.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Where fuzzing starts: whole files of each kind, most of them fixtures of other tests. */
public final class Seeds {
  private static final Path RESOURCES = Path.of("src/test/resources");

  private Seeds() {}

  public static Stream<Arguments> images() {
    String[] endings = {".png", ".jpg", ".gif", ".bmp", ".tif", ".webp"};
    return Stream.concat(files("data", endings), files("data/encoded", endings));
  }

  public static Stream<Arguments> mat() {
    return files("data/sets/svhn", ".mat");
  }

  public static Stream<Arguments> idxImages() {
    return arrays(
        header(8, 3, 2, 2, 3, 12), header(8, 3, 2, 0x7fffffff, 3, 0), header(13, 3, 2, 2, 3, 48));
  }

  public static Stream<Arguments> idxLabels() {
    return arrays(header(8, 1, 2, 2), header(8, 1, 0x7fffffff, 0), header(8, 2, 2, 1, 2));
  }

  public static Stream<Arguments> cifar() {
    return arrays(new byte[2 * 3074], new byte[3073], new byte[0]);
  }

  /** Dictionaries of NumPy's header, versions 1 and 2, with nothing behind most of them. */
  public static Stream<Arguments> npy() {
    return Stream.of(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9), }\n",
            "{'descr': '|O', 'fortran_order': True, 'shape': (), }\n",
            "{'descr': '<f4', 'shape'")
        .map(Seeds::npy)
        .map(file -> Arguments.of((Object) file));
  }

  public static Stream<Arguments> safetensors() {
    return Stream.of(
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            "{\"x\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}",
            "{\"__metadata__\":{\"format\":\"invp-checkpoint\",\"crc32c\":\"0\"}}",
            "{\"sizes\":{\"dtype\":\"I32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}",
            "[[[[[[[[[[")
        .map(Seeds::safetensors)
        .map(file -> Arguments.of((Object) file));
  }

  public static Stream<Arguments> weights() {
    return files("weights", ".pth", ".safetensors");
  }

  public static Stream<Arguments> configurations() {
    return files(Path.of("configs"), ".yaml");
  }

  public static Stream<Arguments> lines() {
    return texts("1 001.jpg\n2 002.jpg\n", "x y", "9999999999 a", "1\n", "\u00e9 \u0000");
  }

  public static Stream<Arguments> names() {
    return texts(
        "cat/001.jpg",
        "../secret",
        "/etc/passwd",
        "a/../../b",
        "a/./b",
        "a\u0000b",
        "..",
        "\\..\\x");
  }

  public static Stream<Arguments> annotations() {
    String objects = "<object><name>cat</name><difficult>0</difficult></object>";
    String entity = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    String laughs = "<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    return texts(
        "<annotation>" + objects + "</annotation>",
        entity + "<annotation><object><name>&x;</name></object></annotation>",
        laughs + "<annotation><object><name>&b;</name></object></annotation>",
        "<annotation><object><name>cat</name>");
  }

  /** An IDX file: type, extents, and as many zero bytes as the last number says. */
  private static byte[] header(int type, int dimensions, int... extentsAndBytes) {
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * dimensions + extentsAndBytes[dimensions]);
    file.put(new byte[] {0, 0, (byte) type, (byte) dimensions});
    for (int i = 0; i < dimensions; i++) {
      file.putInt(extentsAndBytes[i]);
    }
    return file.array();
  }

  private static byte[] npy(String description) {
    byte[] text = description.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer file = ByteBuffer.allocate(10 + text.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    file.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    file.put((byte) 1).put((byte) 0).putShort((short) text.length).put(text);
    return file.array();
  }

  private static byte[] safetensors(String header) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + text.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    return file.putLong(text.length).put(text).array();
  }

  private static Stream<Arguments> arrays(byte[]... files) {
    return Stream.of(files).map(file -> Arguments.of((Object) file));
  }

  private static Stream<Arguments> texts(String... texts) {
    return Stream.of(texts)
        .map(text -> Arguments.of((Object) text.getBytes(StandardCharsets.UTF_8)));
  }

  private static Stream<Arguments> files(String folder, String... endings) {
    return files(RESOURCES.resolve(folder), endings);
  }

  private static Stream<Arguments> files(Path folder, String... endings) {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths
          .filter(path -> List.of(endings).stream().anyMatch(path.toString()::endsWith))
          .sorted()
          .map(Seeds::bytes)
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Arguments bytes(Path path) {
    try {
      return Arguments.of((Object) Files.readAllBytes(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
