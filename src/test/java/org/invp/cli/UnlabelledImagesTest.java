package org.invp.cli;

import static org.invp.cli.SmallPictures.invp;
import static org.invp.cli.SmallPictures.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.cli.SmallPictures.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command on images that have no labels, no test set, or neither. */
class UnlabelledImagesTest {
  @TempDir Path temp;
  private Path data;
  private Path run;

  private Path layOut(String layout) throws IOException {
    data = temp.resolve("data");
    run = temp.resolve("run");
    String section = "format: folder, path: " + data;
    switch (layout) {
      case "flat" -> write(data, "%02d.png", 12);
      case "train, flat" -> write(data, "train/%02d.png", 12);
      case "nested" -> {
        write(data, "2019/summer/%02d.png", 6);
        write(data, "2019/%02d.png", 3);
        write(data, "2020/winter/%02d.png", 3);
      }
      case "one folder" -> write(data, "train/all/%02d.png", 12);
      case "roots" -> {
        write(data, "a/%02d.png", 6);
        write(data, "b/deep/er/%02d.png", 6);
        section = "format: folder, path: [%s, %s]".formatted(data.resolve("a"), data.resolve("b"));
      }
      case "list" -> {
        write(data, "%02d.png", 12);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
          lines.append("%02d.png\n".formatted(i));
        }
        Files.writeString(data.resolve("list.txt"), lines);
        section = "format: list, path: %s, list: list.txt".formatted(data);
      }
      case "train and test" -> {
        write(data, "train/%02d.png", 12);
        write(data, "test/%02d.png", 5);
      }
      default -> throw new IllegalArgumentException(layout);
    }
    return SmallPictures.config(temp.resolve("small.yaml"), section);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"flat", "train, flat", "nested", "one folder", "roots", "list", "train and test"})
  void imagesWithoutLabelsAreTrainedOnEmbeddedAndReported(String layout) throws IOException {
    Path config = layOut(layout);
    Result trained = invp("train", config, "--run-dir", run, "--set", "training.epochs=1");
    assertEquals(0, trained.code(), trained.err());
    assertEquals("", trained.err());
    assertEquals(
        1,
        trained.out().lines().filter(line -> line.contains("have no labels")).count(),
        trained.out());
    assertFalse(trained.out().contains("% right"), trained.out());
    Result resumed = invp("train", "--resume", "--run-dir", run, "--set", "training.epochs=2");
    assertEquals(0, resumed.code(), resumed.err());
    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    JsonNode epoch = json(lines.get(0));
    for (String figure :
        List.of("walk_right", "positives_right", "easiest_right", "class_covered", "bank_knn")) {
      assertTrue(epoch.get(figure).isNull(), figure);
    }
    assertTrue(epoch.get("walk_size").isNumber());
    assertTrue(json(lines.get(lines.size() - 1)).get("embedding_knn").isNull());

    Path page = temp.resolve("page.html");
    Result report = invp("report", run, "--out", page);
    assertEquals(0, report.code(), report.err());
    assertEquals("", report.err());
    String html = Files.readString(page);
    boolean tested = layout.equals("train and test");
    assertTrue(html.contains("<section id=\"walk\">"));
    assertEquals(tested, html.contains("<section id=\"neighbours\">"));
    assertEquals(tested, html.contains("<section id=\"map\">"));
    assertFalse(html.contains("<section id=\"confusion\">"));
    assertFalse(html.contains("of the anchor's class"), html);
    assertFalse(html.contains("red cross"), html);

    Path out = temp.resolve("x.npy");
    Result embedded = invp("embed", run, data, "--split", "train", "--out", out);
    assertEquals(0, embedded.code(), embedded.err());
    assertTrue(embedded.out().contains("12 x 6"), embedded.out());

    for (String protocol : List.of("knn", "retrieval", "linear", "logistic", "semi", "finetune")) {
      Result refused = invp("eval", protocol, run);
      assertEquals(1, refused.code(), protocol);
      assertEquals(1, refused.err().lines().count(), refused.err());
      assertTrue(
          refused.err().contains("needs labels") || refused.err().contains("no test set"),
          refused.err());
    }
  }

  @Test
  void classesWithoutATestSetAreKnownAndNotJudged() throws IOException {
    data = temp.resolve("data");
    run = temp.resolve("run");
    write(data, "train/ant/%02d.png", 6);
    write(data, "train/bee/%02d.png", 6);
    Path config = SmallPictures.config(temp.resolve("x.yaml"), "format: folder, path: " + data);
    Result trained = invp("train", config, "--run-dir", run);
    assertEquals(0, trained.code(), trained.err());
    assertTrue(trained.out().contains("there is no test set"), trained.out());
    JsonNode epoch = json(Files.readAllLines(run.resolve("metrics.jsonl")).get(1));
    assertTrue(epoch.get("walk_right").isNumber());
    assertTrue(epoch.get("bank_knn").isNull());
    for (String protocol : List.of("knn", "linear", "semi")) {
      Result refused = invp("eval", protocol, run);
      assertEquals(1, refused.code());
      assertTrue(refused.err().contains("no test set"), refused.err());
      assertEquals(1, refused.err().lines().count(), refused.err());
    }
    Path page = temp.resolve("page.html");
    assertEquals(0, invp("report", run, "--out", page).code());
    String html = Files.readString(page);
    assertTrue(html.contains("of the anchor's class"));
    assertFalse(html.contains("<section id=\"confusion\">"));
    Result refused = invp("embed", run, data, "--out", temp.resolve("x.npy"));
    assertEquals(1, refused.code());
    assertTrue(refused.err().contains("--split train"), refused.err());
  }

  @Test
  void heldOutImagesJudgeEpochsWithoutATestSet() throws IOException {
    data = temp.resolve("data");
    run = temp.resolve("run");
    write(data, "train/ant/%02d.png", 8);
    write(data, "train/bee/%02d.png", 8);
    Path config = SmallPictures.config(temp.resolve("x.yaml"), "format: folder, path: " + data);
    Result trained =
        invp(
            "train",
            config,
            "--run-dir",
            run,
            "--set",
            "evaluation.split=held-out",
            "--set",
            "evaluation.held_out=4");
    assertEquals(0, trained.code(), trained.err());
    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    assertTrue(json(lines.get(0)).get("bank_knn").isNumber());
    JsonNode last = json(lines.get(lines.size() - 1));
    assertTrue(last.get("held_out_embedding_knn").isNumber());
    assertTrue(last.get("embedding_knn").isNull());
  }

  @Test
  void rootsMayMoveButNotChangePlaces() throws IOException {
    Path config = layOut("roots");
    assertEquals(0, invp("train", config, "--run-dir", run, "--set", "training.epochs=1").code());
    Path moved = temp.resolve("moved");
    Files.move(data, moved);
    String first = moved.resolve("a").toString();
    String second = moved.resolve("b").toString();
    Result other = resume(second, first);
    assertEquals(1, other.code());
    assertTrue(other.err().contains("differ in image 0"), other.err());
    Result same = resume(first, second);
    assertEquals(0, same.code(), same.err());
  }

  private Result resume(String first, String second) {
    return invp(
        "train",
        "--resume",
        "--run-dir",
        run,
        "--set",
        "training.epochs=2",
        "--set",
        "data.path=[%s, %s]".formatted(first, second));
  }

  private static JsonNode json(String line) throws IOException {
    return JsonMapper.builder().build().readTree(line);
  }
}
