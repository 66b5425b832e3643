package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.nn.Network;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The evaluations that train something, on a miniature. */
@Tag("slow")
class EvalTrainingTest {
  @TempDir static Path shared;
  private static Path data;
  private static Path run;

  @TempDir Path temp;

  private record Result(int code, String out, String err) {}

  @BeforeAll
  static void trainOnce() throws IOException {
    data = TinyRun.writeData(shared.resolve("data"));
    Path config = Files.writeString(shared.resolve("tiny.yaml"), TinyRun.yaml(data));
    run = shared.resolve("run");
    Result result = invp("train", config, "--run-dir", run, "--set", "training.epochs=1");
    assertEquals(0, result.code, result.err);
  }

  @Test
  void linearOnKeptFeaturesJudgesTheLastLayerAndLeavesTheRunAlone() throws IOException {
    byte[] before = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
    JsonNode json =
        json("eval", "linear", run, "--views", "cached", "--epochs", 5, "--threads", 1, "--json");
    assertEquals("linear", json.get("protocol").asText());
    assertEquals("cifar", json.get("settings").get("variant").asText());
    assertEquals(2, json.get("scores").size());
    assertEquals("layer4.1", json.get("scores").get(0).get("what").asText());
    assertTrue(Files.exists(run.resolve("eval/linear.json")));
    assertArrayEquals(before, Files.readAllBytes(run.resolve("checkpoint.safetensors")));
  }

  @Test
  void linearOnKeptFeaturesJudgesEveryBlockIfAsked() throws IOException {
    Object[] line = {
      "eval", "linear", run, "--views", "cached", "--layers", "all", "--epochs", 2, "--json"
    };
    JsonNode json = json(line);
    assertEquals(2 * 9, json.get("scores").size());
    assertEquals("stem", json.get("scores").get(0).get("what").asText());
    JsonNode again = json(line);
    assertEquals(json.get("scores"), again.get("scores"));
    List<Object> small = new ArrayList<>(List.of(line));
    small.addAll(List.of("--cache-limit", "1e-5"));
    Result result = invp(small.toArray());
    assertEquals(1, result.code, result.err);
    assertTrue(result.err.contains("raise --cache-limit"), result.err);
    assertEquals(1, result.err.lines().count(), result.err);
  }

  @Test
  void linearAsForImageNetJudgesEveryBlock() throws IOException {
    JsonNode json =
        json("eval", "linear", run, "--variant", "imagenet", "--epochs", 2, "--lr", 0.1, "--json");
    assertEquals(2 * 9, json.get("scores").size());
    assertEquals("stem", json.get("scores").get(0).get("what").asText());
  }

  @Test
  void logisticReportsTheMeanAndTheSpreadOfItsDraws() throws IOException {
    Object[] line = {"eval", "logistic", run, "--labels", 0.8, "--draws", 3, "--json"};
    JsonNode json = json(line);
    assertEquals(20, json.get("settings").get("labelled_images").asInt());
    JsonNode scores = json.get("scores");
    assertEquals(4, scores.size());
    for (int i = 0; i < 4; i += 2) {
      assertEquals("top1", scores.get(i).get("metric").asText());
      assertEquals("top1_deviation", scores.get(i + 1).get("metric").asText());
      JsonNode draws = json.get("extra").get("draws").get(scores.get(i).get("what").asText());
      assertEquals(3, draws.size());
      double sum = 0;
      double squares = 0;
      for (JsonNode draw : draws) {
        sum += draw.get("top1").asDouble();
        squares += Math.pow(draw.get("top1").asDouble(), 2);
        assertTrue(draw.get("cost").asDouble() > 0);
      }
      assertEquals(sum / 3, scores.get(i).get("value").asDouble(), 1e-9);
      double variance = (squares - sum * sum / 3) / 2;
      assertEquals(variance, Math.pow(scores.get(i + 1).get("value").asDouble(), 2), 1e-9);
    }
    assertEquals(
        json, JsonMapper.builder().build().readTree(run.resolve("eval/logistic.json").toFile()));
    assertEquals(json.get("extra"), json(line).get("extra"));
  }

  @Test
  void logisticOnAllLabelsIsOneDraw() throws IOException {
    JsonNode json =
        json("eval", "logistic", run, "--labels", 1, "--features", "backbone", "--json");
    assertEquals(22, json.get("settings").get("labelled_images").asInt());
    assertEquals(1, json.get("settings").get("draws").asInt());
    assertEquals(1, json.get("scores").size());
    assertEquals("backbone", json.get("scores").get(0).get("what").asText());
  }

  @Test
  void logisticNeedsTwoLabelsOfSomeClass() {
    Result result = invp("eval", "logistic", run);
    assertEquals(1, result.code, result.err);
    assertEquals(1, result.err.lines().count(), result.err);
    assertTrue(result.err.contains("raise --labels"), result.err);
  }

  @Test
  void semiTunesOnAShareOfEveryClass() throws IOException {
    JsonNode json =
        json("eval", "semi", run, "--labels", "0.01,0.5", "--epochs", 2, "--threads", 1, "--json");
    assertEquals(10, json.get("settings").get("labels_1%").asInt());
    assertEquals(4, json.get("scores").size());
    assertEquals("50%", json.get("scores").get(2).get("what").asText());
  }

  @Test
  void semiTakesTheImagesOfAList() throws IOException {
    Path list = Files.writeString(temp.resolve("list.txt"), "3\n5 a label\n\n7\n");
    JsonNode json = json("eval", "semi", run, "--list", list, "--epochs", 1, "--json");
    assertEquals(3, json.get("settings").get("labels_list").asInt());
  }

  @Test
  void finetuneTransfersToAnotherDataSet() throws IOException {
    JsonNode json = json("eval", "finetune", run, "--data", "idx:" + data, "--epochs", 2, "--json");
    assertEquals(3, json.get("scores").size());
    assertEquals("mean_per_class", json.get("scores").get(2).get("metric").asText());
  }

  @Test
  void aNetworkTrainedFromScratchIsARunForTheOtherEvaluations() throws IOException {
    Path out = temp.resolve("supervised");
    Result made =
        invp("eval", "finetune", run, "--from-scratch", "--out", out, "--epochs", 2, "--json");
    assertEquals(0, made.code, made.err);
    assertEquals(2, Files.readAllLines(out.resolve("metrics.jsonl")).size());
    assertTrue(Files.readString(out.resolve("config.yaml")).contains("dimension: 10"));
    try (Network network = Network.load(out.resolve("weights.safetensors"))) {
      assertEquals(10, network.embeddingDimension());
    }
    JsonNode knn = json("eval", "knn", out, "--json");
    assertEquals(8, knn.get("scores").size());
    assertEquals(0, invp("eval", "linear", out, "--views", "cached", "--epochs", 1, "--json").code);
    Result bank = invp("eval", "knn", out, "--features", "bank");
    assertEquals(1, bank.code);
    assertTrue(bank.err.contains("no memory bank"), bank.err);
    Result again = invp("eval", "finetune", run, "--from-scratch", "--out", out, "--epochs", 1);
    assertEquals(1, again.code);
    assertTrue(again.err.contains("already holds a run"), again.err);
  }

  @Test
  void tuningLearnsTheTrainingImagesByHeart() throws IOException {
    JsonNode json =
        json(
            "eval",
            "finetune",
            run,
            "--from-scratch",
            "--epochs",
            60,
            "--set",
            "augmentation.crop_scale=[1,1]",
            "--set",
            "augmentation.flip=0",
            "--test-every",
            0,
            "--json");
    JsonNode epochs = json.get("extra").get("epochs");
    assertTrue(epochs.get(59).get("trainTop1").asDouble() > 0.9, json.toString());
  }

  @Test
  void wrongUseIsOneLine() {
    for (Object[] arguments :
        new Object[][] {
          {"eval", "semi", run, "--labels", "2"},
          {"eval", "logistic", run, "--labels", "0"},
          {"eval", "logistic", run, "--draws", "0"},
          {"eval", "logistic", run, "--labels", "1", "--draws", "2"},
          {"eval", "logistic", run, "--features", "pixels"},
          {"eval", "linear", run, "--epochs", "0"},
          {"eval", "linear", run, "--views", "cached", "--layers", "all", "--crops", 10},
          {"eval", "finetune", run, "--data", "nothing"},
          {"eval", "finetune", run, "--threads", "0"},
        }) {
      Result result = invp(arguments);
      assertEquals(2, result.code, result.err);
      assertEquals(1, result.err.lines().count(), result.err);
      assertFalse(result.err.contains("Exception"), result.err);
    }
  }

  private static JsonNode json(Object... arguments) throws IOException {
    Result result = invp(arguments);
    assertEquals(0, result.code, result.err);
    return JsonMapper.builder().build().readTree(result.out);
  }

  private static Result invp(Object... arguments) {
    String[] args = new String[arguments.length];
    for (int i = 0; i < args.length; i++) {
      args[i] = arguments[i].toString();
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Result(code, out.toString(), err.toString());
  }
}
