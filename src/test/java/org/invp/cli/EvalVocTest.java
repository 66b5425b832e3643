package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.invp.config.ConfigFile;
import org.invp.nn.Network;
import org.invp.train.Setup;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code eval voc} on red cars and blue horses, which any network tells apart. */
class EvalVocTest {
  private static final int RED = 0xd02010;
  private static final int BLUE = 0x1020d0;

  @TempDir Path temp;
  private Path voc;
  private final Random random = new Random(2);

  private record Result(int code, String out, String err) {}

  @BeforeEach
  void writeImages() throws IOException {
    voc = temp.resolve("data/VOCdevkit/VOC2007");
    for (String folder : List.of("ImageSets/Main", "Annotations", "JPEGImages")) {
      Files.createDirectories(voc.resolve(folder));
    }
    for (int i = 0; i < 18; i++) {
      boolean car = i % 2 == 0;
      // All show a person, so nothing is to be learnt of it.
      add(i, car ? RED : BLUE, object(car ? "car" : "horse", 0) + object("person", 0));
    }
    // Blue and only difficult as a car: it would be the worst mistake if it counted.
    add(18, BLUE, object("horse", 0) + object("car", 1) + object("person", 0));
    list("trainval", 0, 12);
    list("test", 12, 19);
  }

  private void list(String name, int from, int to) throws IOException {
    Files.write(
        voc.resolve("ImageSets/Main/" + name + ".txt"),
        IntStream.range(from, to).mapToObj("%06d"::formatted).toList());
  }

  private void add(int number, int color, String objects) throws IOException {
    String name = "%06d".formatted(number);
    BufferedImage image = new BufferedImage(24, 20, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 20; y++) {
      for (int x = 0; x < 24; x++) {
        image.setRGB(x, y, color + 0x010101 * random.nextInt(24));
      }
    }
    ImageIO.write(image, "jpg", voc.resolve("JPEGImages/" + name + ".jpg").toFile());
    Files.writeString(
        voc.resolve("Annotations/" + name + ".xml"), "<annotation>" + objects + "</annotation>");
  }

  private static String object(String name, int difficult) {
    return "<object><name>%s</name><difficult>%d</difficult></object>".formatted(name, difficult);
  }

  private Path run(int channels) throws IOException {
    Path run = Files.createDirectories(temp.resolve("run" + channels));
    String yaml = TinyRun.yaml(temp);
    if (channels == 3) {
      yaml = yaml.replace("mean: [0.5], std: [0.25]", "mean: [.5, .5, .5], std: [.25, .25, .25]");
    }
    Path config = Files.writeString(run.resolve("config.yaml"), yaml);
    try (Network network =
        Network.create(Setup.networkOptions(ConfigFile.read(config, List.of()), channels), 7)) {
      network.save(run.resolve("weights.safetensors"));
    }
    return run;
  }

  @Test
  void tellsCarsFromHorses() throws IOException {
    Path run = run(3);
    for (String rule : List.of("voc07", "area")) {
      for (String features : List.of("backbone", "embedding")) {
        Result result = voc(run, "--rule", rule, "--features", features, "--json");
        assertEquals(0, result.code, result.err);
        JsonNode json = JsonMapper.builder().build().readTree(result.out);
        assertEquals(rule, json.get("settings").get("rule").asText());
        assertEquals(features, json.get("settings").get("features").asText());
        assertEquals(12, json.get("settings").get("training_images").asInt());
        assertEquals(7, json.get("settings").get("test_images").asInt());
        assertEquals(18, json.get("settings").get("classes_left_out").asInt());
        JsonNode scores = json.get("scores");
        assertEquals(3, scores.size(), result.out);
        assertEquals("map", scores.get(0).get("metric").asText());
        assertEquals("car", scores.get(1).get("what").asText());
        assertEquals("horse", scores.get(2).get("what").asText());
        scores.forEach(score -> assertEquals(1, score.get("value").asDouble(), 1e-9, result.out));
        assertTrue(json.get("extra").get("costs").get("car").asDouble() > 0);
        assertEquals(result.out, Files.readString(run.resolve("eval/voc.json")));
      }
    }
    assertTrue(Files.readString(run.resolve("eval/log.txt")).contains("features from "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"augmented", "cached"})
  void oneLinearLayerTellsThemToo(String views) throws IOException {
    Path run = run(3);
    for (String rule : List.of("voc07", "area", "step")) {
      Result result =
          voc(
              run,
              "--classifier=linear",
              "--views=" + views,
              "--iterations=40",
              "--batch-size=6",
              "--rule=" + rule,
              "--json");
      assertEquals(0, result.code, result.err);
      JsonNode json = JsonMapper.builder().build().readTree(result.out);
      assertEquals("linear", json.get("settings").get("classifier").asText());
      assertEquals(3, json.get("settings").get("learning_rate").asDouble());
      JsonNode scores = json.get("scores");
      assertEquals(4, scores.size(), result.out);
      assertEquals("person", scores.get(3).get("what").asText());
      scores.forEach(score -> assertEquals(1, score.get("value").asDouble(), 1e-9, result.out));
      assertEquals(result.out, Files.readString(run.resolve("eval/voc-linear.json")));
    }
  }

  @Test
  void optionsOfOneClassifierAreRefusedForTheOther() throws IOException {
    Path run = run(3);
    for (Result result :
        List.of(
            voc(run, "--lr=1"),
            voc(run, "--classifier=linear", "--features=embedding"),
            voc(run, "--classifier=linear", "--crops=10"),
            voc(run, "--classifier=linear", "--iterations=0"))) {
      assertEquals(2, result.code, result.err);
      assertEquals(1, result.err.lines().count(), result.err);
    }
  }

  @Test
  void aRefusalIsOneLine() throws IOException {
    assertRefused(voc(run(1)), "the network takes images of 1 channel(s), Pascal VOC's have 3");
    list("test", 0, 0);
    assertRefused(voc(run(3)), "test.txt");
    list("test", 12, 19);
    list("trainval", 0, 2);
    assertRefused(voc(run(3)), "no class has two training images");
  }

  private static void assertRefused(Result result, String expected) {
    assertEquals(1, result.code, result.err);
    assertEquals(1, result.err.lines().count(), result.err);
    assertTrue(result.err.contains(expected), result.err);
    assertFalse(result.err.contains("Exception"), result.err);
  }

  private Result voc(Path run, String... more) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] args = new String[5 + more.length];
    System.arraycopy(
        new String[] {"eval", "voc", run.toString(), "--data", temp.resolve("data").toString()},
        0,
        args,
        0,
        5);
    System.arraycopy(more, 0, args, 5, more.length);
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Result(code, out.toString(), err.toString());
  }
}
