package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code invp bench loader}. */
class BenchLoaderTest {
  private static final int OK = 0;

  @TempDir private Path temporary;

  @ParameterizedTest
  @ValueSource(strings = {"scaled", "exact"})
  void measuresBothWaysOfDecoding(String decode) throws IOException {
    JsonNode json = bench(OK, "--images", "5", "--batch", "2", "--decode", decode);
    assertEquals("loader", json.get("part").asText());
    assertEquals(decode, json.get("decode").asText());
    assertEquals(5, json.get("images").asInt());
    assertEquals(2, json.get("batch").asInt());
    assertEquals(2, json.get("threads").asInt());
    assertEquals(2, json.get("repeats").asInt());
    assertTrue(json.get("min_s").asDouble() > 0);
    assertEquals(
        5, json.get("images_per_second").asDouble() * json.get("median_s").asDouble(), 1e-9);
  }

  @Test
  void makesPicturesWhereThereAreNoneAndReadsThoseThatThereAre() throws IOException {
    Path folder = temporary.resolve("new");
    assertEquals(3, bench(OK, "--images", "3", "--data", folder.toString()).get("images").asInt());
    List<Path> files = files(folder);
    assertEquals(3, files.size());
    // Fewer than asked for: the folder is used as it is.
    assertEquals(3, bench(OK, "--images", "9", "--data", folder.toString()).get("images").asInt());
    assertEquals(2, bench(OK, "--images", "2", "--data", folder.toString()).get("images").asInt());
    assertEquals(files, files(folder));
  }

  @Test
  void picturesAreTheSameEveryTimeAndDiffer() throws IOException {
    Photographs.write(temporary.resolve("a"), 2);
    Photographs.write(temporary.resolve("b"), 2);
    List<Path> first = files(temporary.resolve("a"));
    List<Path> second = files(temporary.resolve("b"));
    for (int i = 0; i < 2; i++) {
      assertArrayEquals(Files.readAllBytes(first.get(i)), Files.readAllBytes(second.get(i)));
      BufferedImage image = ImageIO.read(first.get(i).toFile());
      assertEquals(500, image.getWidth());
      assertEquals(375, image.getHeight());
      // About what photographs of this size and quality take.
      long bytes = Files.size(first.get(i));
      assertTrue(bytes > 40_000 && bytes < 110_000, bytes + " bytes");
    }
    assertTrue(Files.mismatch(first.get(0), first.get(1)) >= 0);
  }

  @Test
  void aFolderWithoutTrainingImagesIsOneLine() {
    StringWriter err = new StringWriter();
    int code = run(new StringWriter(), err, "--data", temporary.toString());
    assertTrue(code != OK);
    assertEquals(1, err.toString().lines().count(), err.toString());
    assertTrue(err.toString().contains("train"), err.toString());
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> found = Files.walk(folder)) {
      return found.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static JsonNode bench(int expected, String... options) throws IOException {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    assertEquals(expected, run(out, err, options), err.toString());
    assertEquals(1, out.toString().lines().count(), out.toString());
    return JsonMapper.builder().build().readTree(out.toString());
  }

  private static int run(StringWriter out, StringWriter err, String... options) {
    String[] start = {"bench", "loader", "--json", "--repeats", "2", "--threads", "2"};
    String[] args = Stream.concat(Stream.of(start), Stream.of(options)).toArray(String[]::new);
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }
}
