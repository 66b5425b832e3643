package org.invp.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("slow")
class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void returnsWhatWasWritten() {
    Path path = folder.resolve("a.safetensors");
    try (FloatTensor floats = FloatTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        IntTensor ints = IntTensor.of(new int[] {7, 8}, 2)) {
      Safetensors.write(
          path,
          Map.of("key", "value \"quoted\"\n"),
          List.of(NamedTensor.of("floats", floats), NamedTensor.of("ints", ints)));
    }
    for (TensorFile open : List.of(Safetensors.read(path), Safetensors.map(path))) {
      try (TensorFile file = open) {
        assertEquals("value \"quoted\"\n", file.metadata().get("key"));
        NamedTensor floats = file.tensor("floats").orElseThrow();
        assertArrayEquals(new long[] {2, 3}, floats.shape());
        assertArrayEquals(
            new float[] {1, 2, 3, 4, 5, 6}, floats.data().toArray(ValueLayout.JAVA_FLOAT));
        assertEquals(DType.I32, file.tensor("ints").orElseThrow().dtype());
      }
    }
  }

  @Test
  void aMappedFileIsCheckedAndReadOnly() throws IOException {
    Path path = folder.resolve("mapped");
    try (FloatTensor floats = FloatTensor.of(new float[] {1, 2}, 2)) {
      Safetensors.write(path, Map.of(), List.of(NamedTensor.of("w", floats)));
    }
    try (TensorFile file = Safetensors.map(path)) {
      assertTrue(file.tensor("w").orElseThrow().data().isReadOnly());
    }
    byte[] bytes = Files.readAllBytes(path);
    bytes[bytes.length - 1] ^= 1;
    Files.write(path, bytes);
    assertThrows(InvalidDataException.class, () -> Safetensors.map(path));
  }

  @Test
  void readsWhatThePythonPackageWrites() throws IOException {
    String header =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[4,12]}}";
    byte[] data =
        ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putLong(9).array();
    Path path = raw(header.length(), header, data);
    try (TensorFile file = Safetensors.read(path)) {
      assertEquals(1.5f, file.tensor("w").orElseThrow().data().get(ValueLayout.JAVA_FLOAT, 0));
      assertEquals(9, file.tensor("n").orElseThrow().data().get(ValueLayout.JAVA_LONG, 0));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}|needs 8 bytes",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}|truncated",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|4 bytes follow",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|starts at byte 4",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}|-2",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}|1.5",
        "{\"w\":{\"dtype\":\"F8_E5M2\",\"shape\":[8],\"data_offsets\":[0,8]}}|F8_E5M2",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,2],\"data_offsets\":[0,8]}}|too"
            + " large",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}|99999",
        "{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}|dtype",
        "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}|shape",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}|data_offsets",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}|ascending",
        "{\"w\":7}|not a JSON object",
        "{\"__metadata__\":{\"a\":1}}|not a string",
        "{\"__metadata__\":{\"crc32c\":\"00000000\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|damaged",
        "{\"w\":1,\"w\":2}|Duplicate",
        "{\"w\":|not JSON",
        "[]|not a JSON object",
        "{} {}|not JSON",
      })
  void refusesAMalformedHeader(String header, String expected) throws IOException {
    byte[] data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1).array();
    assertRefused(raw(header.getBytes(StandardCharsets.UTF_8).length, header, data), expected);
  }

  @ParameterizedTest
  @CsvSource({"9", "-1", "1", "9223372036854775807", "100000001"})
  void refusesAHeaderLengthThatDoesNotFit(long length) throws IOException {
    assertRefused(raw(length, "{}", new byte[0]), "header claims");
  }

  @Test
  void refusesAMissingFileAndAnEmptyOne() throws IOException {
    assertRefused(folder.resolve("none"), "no such file");
    assertRefused(Files.write(folder.resolve("empty"), new byte[0]), "0 bytes");
    assertRefused(folder, "directory");
  }

  @Test
  void noisyBytesNeverDoMoreThanFail() throws IOException {
    Path path = folder.resolve("noisy");
    try (FloatTensor floats = FloatTensor.of(new float[] {1, 2, 3, 4}, 4)) {
      Safetensors.write(path, Map.of("a", "b"), List.of(NamedTensor.of("w", floats)));
    }
    byte[] good = Files.readAllBytes(path);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 2000; round++) {
      byte[] bad = good.clone();
      for (int change = random.nextInt(3); change >= 0; change--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      Files.write(path, bad);
      try (TensorFile file = Safetensors.read(path)) {
        assertTrue(file.tensors().size() <= 1, () -> "seed " + seed);
      } catch (InvalidDataException expected) {
        assertFalse(expected.getMessage().contains("\n"), () -> "seed " + seed);
      }
    }
  }

  @Test
  void aFullDiskKeepsTheOldFileWhole() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "needs /dev/full");
    Path path = Files.writeString(folder.resolve("checkpoint.safetensors"), "old");
    try (FloatTensor floats = FloatTensor.allocate(1000)) {
      InvpException failure =
          assertThrows(
              InvpException.class,
              () ->
                  Safetensors.write(
                      path,
                      Map.of(),
                      List.of(NamedTensor.of("w", floats)),
                      (target, content) ->
                          AtomicFile.write(
                              target,
                              content,
                              temporary -> {},
                              temporary -> {
                                Files.createFile(temporary);
                                return FileChannel.open(full, StandardOpenOption.WRITE);
                              })));
      assertTrue(failure.getMessage().contains("No space left on device"), failure.getMessage());
    }
    assertEquals("old", Files.readString(path));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(path), files.toList());
    }
  }

  private void assertRefused(Path path, String expected) {
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> Safetensors.read(path).close());
    assertTrue(failure.getMessage().contains(expected), failure.getMessage());
    assertTrue(failure.getMessage().contains(path.toString()), failure.getMessage());
    assertFalse(failure.getMessage().contains("\n"), failure.getMessage());
  }

  private Path raw(long length, String header, byte[] data) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return Files.write(
        folder.resolve("raw.safetensors"),
        ByteBuffer.allocate(8 + text.length + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(length)
            .put(text)
            .put(data)
            .array());
  }
}
