package org.invp.cli;

import static org.invp.cli.SmallPictures.invp;
import static org.invp.cli.SmallPictures.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.cli.SmallPictures.Result;
import org.invp.io.NamedTensor;
import org.invp.io.Npy;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Evaluations and embeddings of data sets in which files are damaged. */
class UnreadableImagesTest {
  private static final String SKIP = "data.on_corrupt=skip";

  @TempDir static Path shared;
  private static Path run;

  @TempDir Path temp;
  private Path data;

  @BeforeAll
  static void trainOnce() throws IOException {
    Path whole = writeData(shared.resolve("data"));
    run = shared.resolve("run");
    Path config =
        SmallPictures.config(shared.resolve("small.yaml"), "format: folder, path: " + whole);
    Result trained = invp("train", config, "--run-dir", run);
    assertEquals(0, trained.code(), trained.err());
  }

  private static Path writeData(Path folder) throws IOException {
    write(folder, "train/ant/%02d.png", 8);
    write(folder, "train/bee/%02d.png", 8);
    write(folder, "val/ant/%02d.png", 5);
    write(folder, "val/bee/%02d.png", 5);
    return folder;
  }

  @BeforeEach
  void copyData() throws IOException {
    data = writeData(temp.resolve("data"));
  }

  private void damage(String... files) throws IOException {
    for (String file : files) {
      Files.write(data.resolve(file), new byte[0]);
    }
  }

  private Result eval(String line, Object... more) {
    String fixed =
        line.contains("knn") || line.contains("retrieval") ? line : line + " --threads 1";
    List<Object> all = new ArrayList<>(List.<Object>of((Object[]) fixed.split(" ")));
    all.addAll(List.of(run, "--json", "--set", SKIP, "--set", "data.path=" + data));
    all.addAll(List.of(more));
    return invp(all.toArray());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eval knn --features embedding,backbone,pixels --no-cache",
        "eval knn --features embedding,backbone --crops 10 --set evaluation.resize=14",
        "eval retrieval",
        "eval retrieval --gallery train",
        "eval linear --epochs 2 --views cached",
        "eval linear --epochs 2 --views cached --layers all",
        "eval logistic --labels 1"
      })
  void whatCannotBeReadCountsAsIfItWereNotThere(String line) throws IOException {
    damage("train/ant/02.png", "train/bee/00.png", "val/ant/00.png", "val/bee/03.png");
    Result damaged = eval(line);
    assertEquals(0, damaged.code(), damaged.err());
    JsonNode with = json(damaged);
    String asked = line.contains("retrieval") ? "queries" : "test_images";
    assertEquals(2, with.get("settings").get("unreadable_" + asked).asInt());
    assertEquals(8, with.get("settings").get(asked).asInt());
    assertTrue(
        damaged.err().contains("2 of 10 " + asked.replace('_', ' ') + " could not be read"),
        damaged.err());
    for (String file :
        List.of("train/ant/02.png", "train/bee/00.png", "val/ant/00.png", "val/bee/03.png")) {
      Files.delete(data.resolve(file));
    }
    JsonNode without = json(eval(line));
    assertEquals(without.get("scores"), with.get("scores"));
    assertFalse(without.get("settings").has("unreadable_" + asked));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eval linear --epochs 1",
        "eval semi --labels 1 --epochs 1",
        "eval finetune --epochs 1"
      })
  void whatIsTrainedAnewDoesNotJudgeByThem(String line) throws IOException {
    damage("train/ant/02.png", "val/ant/00.png", "val/ant/01.png", "val/bee/03.png");
    Result damaged = eval(line);
    assertEquals(0, damaged.code(), damaged.err());
    JsonNode settings = json(damaged).get("settings");
    assertEquals(3, settings.get("unreadable_test_images").asInt());
    assertEquals(1, settings.get("unreadable_training_images").asInt());
    assertEquals(7, settings.get("test_images").asInt());
    double top1 = json(damaged).get("scores").get(0).get("value").asDouble();
    assertEquals(Math.rint(7 * top1), 7 * top1, 1e-9, "a share of seven images");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "eval knn --no-cache",
        "eval retrieval",
        "eval linear --epochs 1",
        "eval linear --epochs 1 --views cached --layers all",
        "eval logistic --labels 1",
        "eval semi --labels 1 --epochs 1",
        "eval finetune --epochs 1"
      })
  void nothingToReadIsAnErrorOfOneLine(String line) throws IOException {
    for (int i = 0; i < 5; i++) {
      damage("val/ant/%02d.png".formatted(i), "val/bee/%02d.png".formatted(i));
    }
    Result result = eval(line);
    assertEquals(1, result.code(), result.out());
    assertEquals(1, result.err().lines().count(), result.err());
    assertTrue(result.err().contains("none of the 10 images could be read"), result.err());
    assertEquals("", result.out());
  }

  @Test
  void featuresOfImagesThatWereNotAllReadAreNotKept() throws IOException {
    Path cache = temp.resolve("cache");
    damage("val/ant/00.png");
    String line = "eval knn --features embedding";
    assertEquals(1, unreadable(eval(line, "--cache", cache)));
    assertEquals(1, unreadable(eval(line, "--cache", cache)));
  }

  private static int unreadable(Result result) throws IOException {
    return json(result).get("settings").path("unreadable_test_images").asInt();
  }

  @Test
  void embedMarksTheRowsThatStandForNoImage() throws IOException {
    damage("val/ant/01.png", "val/ant/02.png", "val/bee/04.png");
    Path npy = temp.resolve("x.npy");
    Result result = embed(npy);
    assertEquals(0, result.code(), result.err());
    assertTrue(
        result
            .err()
            .contains("3 of 10 images could not be read; the rows that stand for none: 1-2, 9"),
        result.err());
    try (FloatTensor rows = Npy.map(npy, false)) {
      for (int row = 0; row < 10; row++) {
        double squares = 0;
        for (float value : rows.slice(row, row + 1).toArray()) {
          squares += value * value;
        }
        assertEquals(List.of(1, 2, 9).contains(row) ? 0 : 1, squares, 1e-5, "row " + row);
      }
    }
    Path safetensors = temp.resolve("x.safetensors");
    assertEquals(0, embed(safetensors).code());
    try (TensorFile file = Safetensors.read(safetensors)) {
      NamedTensor unreadable = file.tensor("unreadable").orElseThrow();
      assertArrayEquals(
          new int[] {1, 2, 9},
          unreadable.data().toArray(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED));
    }
  }

  @Test
  void embeddingNothingIsAnErrorAndWritesNothing() throws IOException {
    for (int i = 0; i < 5; i++) {
      damage("val/ant/%02d.png".formatted(i), "val/bee/%02d.png".formatted(i));
    }
    Path npy = temp.resolve("x.npy");
    Result result = embed(npy);
    assertEquals(1, result.code());
    assertTrue(result.err().contains("none of the 10 images could be read"), result.err());
    assertFalse(Files.exists(npy));
  }

  private Result embed(Path out) {
    return invp("embed", run, data, "--out", out, "--set", SKIP);
  }

  @Test
  void theReportShowsWhatItCanAndSaysWhatItLacks() throws IOException {
    Path own = writeData(temp.resolve("own"));
    Path folder = temp.resolve("run");
    Path config =
        SmallPictures.config(
            temp.resolve("x.yaml"), "on_corrupt: skip, format: folder, path: " + own);
    Files.write(own.resolve("train/ant/00.png"), new byte[0]);
    Files.write(own.resolve("val/ant/00.png"), new byte[0]);
    Result trained = invp("train", config, "--run-dir", folder);
    assertEquals(0, trained.code(), trained.err());
    assertTrue(trained.err().contains("1 of 10 test images could not be read"), trained.err());
    assertTrue(trained.out().contains("kNN accuracy on 9 test images"), trained.out());
    Path page = temp.resolve("page.html");
    Result report = invp("report", folder, "--out", page);
    assertEquals(0, report.code(), report.err());
    assertTrue(report.err().contains("could not be read"), report.err());
    String html = Files.readString(page);
    assertTrue(html.contains("1 test images could not be read and are left out"));
    assertTrue(html.contains("ant, image 0, could not be read"));
    assertTrue(html.contains("9 test images classified"));
  }

  private static JsonNode json(Result result) throws IOException {
    return JsonMapper.builder().build().readTree(result.out());
  }
}
