package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.train.Checkpoint;
import org.invp.train.Setup;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run folder that an older version left in the middle of an epoch; see its ORIGIN.md. */
class OlderRunTest {
  private static final int[] FIRST_LABELS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4};

  @TempDir Path temp;
  private Path data;
  private Path run;

  /** What a command printed and returned. */
  private record Result(int code, String out, String err) {}

  @BeforeEach
  void unpack() throws IOException {
    data = TinyRun.writeData(temp.resolve("data"));
    run = Files.createDirectory(temp.resolve("run"));
    for (String file : List.of("config.yaml", "metrics.jsonl", "checkpoint.safetensors")) {
      try (InputStream in = OlderRunTest.class.getResourceAsStream("/older-run/" + file)) {
        Files.copy(in, run.resolve(file));
      }
    }
  }

  @Test
  void itsLimitMeansTheFirstImages() {
    List<String> here = List.of("data.path=" + data);
    assertFirstImages(ConfigFile.readRun(run.resolve("config.yaml"), here));
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      assertFirstImages(checkpoint.config(here));
    }
  }

  @Test
  void itGoesOnWithItsOwnImages() throws IOException {
    Result result = invp("train", "--resume", "--run-dir", run, "--set", "data.path=" + data);
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.contains("training on 15 images"), result.out);
    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    assertEquals(4, lines.size(), lines::toString);
    for (int epoch = 1; epoch <= 3; epoch++) {
      JsonNode line = JsonMapper.builder().build().readTree(lines.get(epoch - 1));
      assertEquals(epoch, line.get("epoch").asInt());
      assertEquals(15, line.get("images").asInt());
    }
    String settings = Files.readString(run.resolve("config.yaml"));
    assertTrue(settings.contains("draw: first"), settings);
    assertFirstImages(ConfigFile.read(run.resolve("config.yaml"), List.of()));
  }

  @Test
  void aUsersFileThatNowMeansOtherImagesIsRefused() throws IOException {
    String yaml = TinyRun.yaml(data).replace("width: 4", "width: 1");
    Path config = Files.writeString(temp.resolve("tiny.yaml"), yaml);
    Object[] resume = {
      "train",
      config,
      "--resume",
      "--run-dir",
      run,
      "--set",
      "data.limit=15",
      "--set",
      "objective.selection=easy",
      "--set",
      "data.path=" + data
    };
    Result result = invp(resume);
    assertEquals(2, result.code, result.err);
    assertTrue(
        result.err.startsWith("invp: data.draw is sample, but the run in " + run), result.err);
    Object[] first =
        Stream.concat(Stream.of(resume), Stream.of("--set", "data.draw=first")).toArray();
    assertEquals(0, invp(first).code);
  }

  @Test
  void itIsEvaluatedEmbeddedAndReported() throws IOException {
    String here = "data.path=" + data;
    Result knn = invp("eval", "knn", run, "--json", "--set", here);
    assertEquals(0, knn.code, knn.err);
    JsonNode json = JsonMapper.builder().build().readTree(knn.out);
    assertEquals(15, json.get("settings").get("training_images").asInt());
    assertEquals(12, json.get("scores").size(), knn.out);
    Path rows = temp.resolve("rows.npy");
    Result embed = invp("embed", run, data, "--out", rows, "--split", "train");
    assertEquals(0, embed.code, embed.err);
    assertTrue(embed.out.contains("22 x 6"), embed.out);
    Result report = invp("report", run);
    assertEquals(0, report.code, report.err);
    String page = Files.readString(run.resolve("report.html"));
    assertTrue(page.contains("<td>data.draw</td><td>first</td>"), "the settings of the report");
    assertFalse(page.contains("<td>data.draw</td><td>sample</td>"));
  }

  private static void assertFirstImages(TrainingConfig config) {
    try (ImageDataset train = Setup.trainingImages(config)) {
      assertArrayEquals(FIRST_LABELS, train.labels());
    }
  }

  private static Result invp(Object... arguments) {
    String[] args = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Result(code, out.toString(), err.toString());
  }
}
