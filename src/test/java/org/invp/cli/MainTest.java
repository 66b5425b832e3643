package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.invp.nn.Network;
import org.invp.train.RunVerdict;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class MainTest {
  @TempDir static Path shared;
  private static Path data;
  private static Path config;
  private static Path run;

  @TempDir Path temp;

  /** What a command printed and returned. */
  private record Result(int code, String out, String err) {}

  @BeforeAll
  static void trainOnce() throws IOException {
    data = TinyRun.writeData(shared.resolve("data"));
    config = Files.writeString(shared.resolve("tiny.yaml"), TinyRun.yaml(data));
    run = shared.resolve("run");
    Result result = invp("train", config, "--run-dir", run);
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.contains("epoch 3/3"), result.out);
    assertTrue(
        Pattern.compile("N\\(i\\) \\d+, \\d+ % right").matcher(result.out).find(), result.out);
    for (String row :
        List.of("raw pixels", "untrained network", "trained embedding", "backbone features")) {
      assertTrue(result.out.contains(row), result.out);
    }
    assertTrue(result.out.contains("run folder: " + run), result.out);
    assertTrue(result.out.contains("k = 20"), result.out);
    String verdict = result.out.substring(result.out.indexOf("run folder: "));
    assertTrue(verdict.contains("The trained embedding ("), result.out);
    assertTrue(verdict.contains("Each has its best k of 1, 5 and 20"), result.out);
  }

  @Test
  void aRunLeavesItsFiles() throws IOException {
    assertTrue(Files.readString(run.resolve("config.yaml")).contains("bank_momentum: 0.5"));
    assertEquals(4, Files.readAllLines(run.resolve("metrics.jsonl")).size());
    assertTrue(Files.exists(run.resolve("checkpoint.safetensors")));
    Network.load(run.resolve("weights.safetensors")).close();
    Network.load(run.resolve("checkpoint.safetensors")).close();
    assertTrue(Files.readString(run.resolve("log.txt")).contains("epoch 3"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "train",
        "eval",
        "eval knn",
        "eval retrieval",
        "eval voc",
        "eval semi",
        "eval linear",
        "embed",
        "report",
        "info",
        "bench",
        "bench bank"
      })
  void everyCommandHasHelp(String command) {
    Result result = invp((command + " --help").strip().split(" "));
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.contains("Usage: invp " + command), result.out);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|a command is missing",
        "trian|trian",
        "train|CONFIG is missing",
        "train --resume|CONFIG or --run-dir is missing",
        "train none.yaml|could not read none.yaml: no such file or folder",
        "train CONFIG --wrong|--wrong",
        "train CONFIG --device gpu0|unknown device 'gpu0', allowed: cpu",
        "train CONFIG --resume --overwrite|exclude each other",
        "train CONFIG --set objective.tau=1|unknown key objective.tau, did you mean",
        "train CONFIG --set training.epochs=0|training.epochs is 0, allowed:",
        "train CONFIG --set objective.negatives=23|objective.negatives is 23, allowed: at most the"
            + " 22",
        "train CONFIG --set training.batch_size=23|training.batch_size is 23, allowed: at most the"
            + " 22",
        "train CONFIG --set evaluation.split=held-out|evaluation.held_out is 0, allowed: at least 1",
        "train CONFIG --set data.limit=20 --set evaluation.split=held-out --set"
            + " evaluation.held_out=3|data.limit is 20 and evaluation.held_out 3, allowed: together"
            + " at most the 22 training images",
        "train CONFIG --set evaluation.split=held-out --set evaluation.held_out=22"
            + "|evaluation.held_out is 22, allowed: fewer than the 22 training images",
        "eval knn RUN --set data.limit=20|--set changes which training images there are",
        "eval|an evaluation is missing: knn, ",
        "eval knn RUN --crops 5|--crops is 5, allowed: 1 or 10",
        "eval knn RUN --also-k 5,0|--also-k is [5, 0], allowed: at least 1",
        "eval voc RUN|--data",
        "eval retrieval RUN --at 0|--at is [0], allowed: at least 1",
        "eval knn|RUN",
        "eval knn RUN --no-cache --clear-cache|exclude each other",
        "eval knn RUN --cache-limit -1|--cache-limit is -1.0, allowed:",
        "embed RUN DATA|--out",
      })
  void wrongUseIsOneLineAndExitCodeTwo(String line, String expected) {
    Result result = invp(arguments(line));
    assertEquals(2, result.code, result.err);
    assertTrue(result.err.contains(expected), result.err);
    assertEquals(1, result.err.lines().count(), result.err);
    assertTrue(result.err.startsWith("invp: "), result.err);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train CONFIG --run-dir RUN|already holds a run",
        "train CONFIG --run-dir TEMP --device cuda:99|CUDA",
        "eval knn RUN --device cuda:99|CUDA",
        "train CONFIG --set data.path=/none --run-dir TEMP|/none",
        "eval knn /none|/none: no such file or folder, expected a run folder or a checkpoint",
        "embed RUN /none --out x.npy|/none",
        "embed RUN DATA --out /none/x.npy|/none/x.npy",
        "eval retrieval RUN|no image has another one of its class to be found",
        "eval knn CONFIG|not a usable safetensors file",
      })
  void afterwardsFailuresAreOneLineAndExitCodeOne(String line, String expected) {
    Result result = invp(arguments(line));
    assertEquals(1, result.code, result.err);
    assertTrue(result.err.contains(expected), result.err);
    assertEquals(1, result.err.lines().count(), result.err);
  }

  @Test
  void debugShowsTheStackTrace() {
    Result result = invp("eval", "knn", "/none", "--debug");
    assertTrue(result.err.contains("\tat org.invp."), result.err);
  }

  @Test
  void aFailureDuringTrainingStandsInTheLogWithItsStackTrace() throws IOException {
    Result result =
        invp("train", config, "--run-dir", temp, "--set", "optimizer.learning_rate=1e30");
    assertEquals(1, result.code);
    assertTrue(result.err.contains("diverged"), result.err);
    assertEquals(1, result.err.lines().count(), result.err);
    assertTrue(Files.readString(temp.resolve("log.txt")).contains("\tat org.invp."));
  }

  @Test
  void aFinishedRunCanBeResumedWithoutItsConfiguration() {
    Result result = invp("train", "--resume", "--run-dir", run);
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.contains("trained embedding"), result.out);
  }

  @Test
  void aResumedRunKeepsItsOwnSettings() {
    assertEquals(0, invp("train", config, "--run-dir", temp, "--set", "data.workers=1").code);
    assertEquals(0, invp("train", config, "--run-dir", temp, "--resume").code);
    Result other =
        invp("train", config, "--run-dir", temp, "--resume", "--set", "objective.mode=official");
    assertEquals(2, other.code);
    assertTrue(other.err.contains("objective.mode is official"), other.err);
  }

  @Test
  void settingsThatDoNotFitTheDataLeaveNoRunBehind() {
    Path folder = temp.resolve("none");
    Result result = invp("train", config, "--run-dir", folder, "--set", "objective.negatives=23");
    assertEquals(2, result.code);
    assertTrue(result.err.contains(config + ": objective.negatives is 23"), result.err);
    assertFalse(Files.exists(folder));
  }

  @Test
  void knnEvaluationPrintsJson() throws IOException {
    Result result = invp("eval", "knn", run, "--json", "--set", "evaluation.k=3");
    assertEquals(0, result.code, result.err);
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    assertEquals("knn", json.get("protocol").asText());
    assertEquals(run.toString(), json.get("run").asText());
    assertEquals(3, json.get("settings").get("k").asInt());
    assertTrue(json.get("seconds").isNumber());
    for (String what : List.of("bank", "embedding", "backbone")) {
      assertTrue(score(json, what, "top1").isNumber(), result.out);
      assertTrue(score(json, what, "top5").isNumber(), result.out);
    }
    assertEquals(3 * (2 + 3), json.get("scores").size(), result.out);
    assertEquals("[1,5,20]", json.get("settings").get("also_k").toString());
    assertEquals(10, json.get("extra").get("classes").size());
    JsonNode confusion = json.get("extra").get("confusion").get("backbone");
    int right = 0;
    int all = 0;
    for (int truth = 0; truth < 10; truth++) {
      right += confusion.get(truth).get(truth).asInt();
      for (JsonNode count : confusion.get(truth)) {
        all += count.asInt();
      }
    }
    assertEquals(TinyRun.TEST_IMAGES, all);
    assertEquals(score(json, "backbone", "top1").asDouble(), (double) right / all, 1e-12);
    JsonNode perClass = json.get("extra").get("per_class").get("backbone");
    assertEquals(confusion.get(3).get(3).asDouble(), perClass.get(3).asDouble(), 1e-12);
    assertTrue(perClass.get(9).isNull(), "the test images show no class 9");
    assertEquals(result.out, Files.readString(run.resolve("eval/knn.json")));
  }

  @Test
  void knnEvaluationRepeatsTheRunsOwnFigures() throws IOException {
    Result result = invp("eval", "knn", run, "--features", "embedding,pixels", "--json");
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
    JsonNode last = JsonMapper.builder().build().readTree(lines.get(lines.size() - 1));
    assertEquals(last.get("embedding_knn"), score(json, "embedding", "top1"));
    assertEquals(last.get("pixel_knn"), score(json, "pixels", "top1"));
    for (String k : List.of("1", "20")) {
      JsonNode byK = last.get("embedding_knn_by_k");
      assertEquals(byK.get(k), score(json, "embedding", "top1_k" + k), k);
    }
    assertEquals(2 * (2 + 2), json.get("scores").size(), result.out);
  }

  @Test
  void knnEvaluationTakesFurtherKs() throws IOException {
    Result result = invp("eval", "knn", run, "--features", "pixels", "--also-k", "9,2,9", "--json");
    assertEquals(0, result.code, result.err);
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    assertEquals("[2,9]", json.get("settings").get("also_k").toString());
    assertTrue(score(json, "pixels", "top1_k2").isNumber(), result.out);
    assertTrue(score(json, "pixels", "top1_k9").isNumber(), result.out);
    assertEquals(4, json.get("scores").size(), result.out);
  }

  @Test
  void aRunWhoseEpochsAreJudgedOnHeldOutImagesSaysSo() throws IOException {
    Path folder = temp.resolve("held-out");
    Result trained =
        invp(
            "train",
            config,
            "--run-dir",
            folder,
            "--set",
            "training.epochs=1",
            "--set",
            "evaluation.split=held-out",
            "--set",
            "evaluation.held_out=6");
    assertEquals(0, trained.code, trained.err);
    assertTrue(
        trained.out.contains("training on 16 images, judging epochs on 6 held-out ones, testing"),
        trained.out);
    assertTrue(trained.out.contains("on the images held out of training"), trained.out);
    Result knn = invp("eval", "knn", folder, "--json");
    assertEquals(0, knn.code, knn.err);
    JsonNode settings = JsonMapper.builder().build().readTree(knn.out).get("settings");
    assertEquals(16, settings.get("training_images").asInt());
    assertEquals(TinyRun.TEST_IMAGES, settings.get("test_images").asInt());
    assertEquals(0, invp("report", folder).code);
    String page = Files.readString(folder.resolve("report.html"));
    assertTrue(page.contains("embedding, top1, on held-out images"));
    assertTrue(page.contains("epochs on held-out images"));
  }

  @Test
  void knnEvaluationPrintsATable() {
    Result result = invp("eval", "knn", run);
    assertEquals(0, result.code, result.err);
    assertTrue(
        result.out.contains("knn: k 5, also k [1, 5, 20], sigma 0.07, crops 1, training images 22"),
        result.out);
    assertTrue(result.out.contains("top-1 k20"), result.out);
    assertTrue(result.out.contains("backbone"), result.out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"test", "train"})
  void retrievalRunsOnAMiniature(String gallery) throws IOException {
    for (String part : List.of("images-idx3-ubyte", "labels-idx1-ubyte")) {
      Path training = data.resolve("train-" + part);
      Files.copy(training, temp.resolve("train-" + part));
      Files.copy(training, temp.resolve("t10k-" + part));
    }
    Result result =
        invp(
            "eval",
            "retrieval",
            run,
            "--set",
            "data.path=" + temp,
            "--gallery",
            gallery,
            "--json",
            "--no-cache",
            "--at",
            "1,3");
    assertEquals(0, result.code, result.err);
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    for (String what : List.of("embedding", "backbone")) {
      double first = score(json, what, "recall@1").asDouble();
      assertTrue(first <= score(json, what, "recall@3").asDouble(), result.out);
      assertTrue(score(json, what, "map@r").isNumber(), result.out);
    }
    assertEquals(gallery, json.get("settings").get("gallery").asText());
  }

  @Test
  void featuresAreComputedOnceForAllEvaluations() throws IOException {
    Path cache = temp.resolve("cache");
    assertEquals(0, invp("eval", "knn", run, "--cache", cache, "--crops", "10").code);
    List<Path> files = files(cache);
    assertEquals(4, files.size());
    assertEquals(
        0,
        invp("eval", "retrieval", run, "--cache", cache, "--crops", 10, "--gallery", "train").code);
    assertEquals(files, files(cache));
    assertEquals(0, invp("eval", "knn", run, "--cache", cache, "--clear-cache").code);
    assertEquals(4, files(cache).size());
    assertNotEquals(files, files(cache));
    assertTrue(Files.readString(run.resolve("eval/log.txt")).contains("features from " + cache));
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static JsonNode score(JsonNode result, String what, String metric) {
    for (JsonNode score : result.get("scores")) {
      if (score.get("what").asText().equals(what) && score.get("metric").asText().equals(metric)) {
        return score.get("value");
      }
    }
    throw new AssertionError("no " + metric + " of " + what + " in " + result);
  }

  @ParameterizedTest
  @CsvSource({"embedding,test,9,6", "backbone,train,22,32"})
  void embeddingsAreWrittenForNumPy(String layer, String split, int rows, int columns)
      throws IOException {
    Path file = temp.resolve("x.npy");
    Result result = invp("embed", run, data, "--out", file, "--layer", layer, "--split", split);
    assertEquals(0, result.code, result.err);
    byte[] bytes = Files.readAllBytes(file);
    String header = new String(bytes, 0, 128, StandardCharsets.ISO_8859_1);
    assertTrue(header.contains("(%d, %d".formatted(rows, columns)), header);
    assertEquals(128 + 4 * rows * columns, bytes.length);
  }

  @Test
  void theReportIsOnePageThatAsksNothingOfTheNetworkAndRepeats() throws IOException {
    Path first = temp.resolve("first.html");
    Path second = temp.resolve("second.html");
    Result result = invp("report", run, "--out", first);
    assertEquals(0, result.code, result.err);
    assertEquals("", result.err);
    assertEquals(0, invp("report", run, "--out", second).code);
    String page = Files.readString(first);
    assertEquals(page, Files.readString(second));
    for (String part :
        List.of("results", "curves", "walk", "neighbours", "map", "confusion", "throughput")) {
      assertTrue(page.contains("<section id=\"" + part + "\">"), part);
    }
    assertFalse(page.contains("http://") || page.contains("https://"));
    assertTrue(page.contains("</i>the invariance loss starts</li>"));
    assertTrue(page.contains("epoch 2, the invariance loss starts"));
    assertFalse(page.contains("NaN"));
  }

  @Test
  void aScoreStaysThatOfItsNetwork() throws IOException {
    Path folder = temp.resolve("run");
    String epochs = "optimizer.schedule_epochs=3";
    Object[] first = {"train", config, "--run-dir", folder, "--set", "training.epochs=1"};
    assertEquals(0, invp(join(first, "--set", epochs)).code);
    assertEquals(0, invp("eval", "knn", folder, "--features", "embedding").code);
    Path kept = folder.resolve("eval/knn.json");
    String marked = Files.readString(kept).replaceFirst("\"value\":[0-9.]+", "\"value\":0.123456");
    Files.writeString(kept, marked);
    Files.writeString(folder.resolve("eval/mine.json"), "{\"not\": \"ours\"}");
    Files.writeString(folder.resolve("eval/broken.json"), "{");
    assertTrue(report(folder).contains("<td>knn: embedding, top1</td><td class=\"n\">12.35 %"));

    Result resumed = invp("train", "--resume", "--run-dir", folder, "--set", "training.epochs=3");
    assertEquals(0, resumed.code, resumed.err);
    // The same network may be the best one too.
    Files.deleteIfExists(folder.resolve("checkpoint-best.safetensors"));
    String earlier = "<td>knn, of an earlier checkpoint, epoch 1: embedding, top1</td>";
    assertTrue(report(folder).contains(earlier + "<td class=\"n\">12.35 %"));
    assertFalse(report(folder).contains("<td>knn: embedding, top1</td>"));

    assertEquals(0, invp("eval", "knn", folder, "--features", "embedding").code);
    String digest = JsonMapper.builder().build().readTree(marked).at("/network/digest").asText();
    Path aside = folder.resolve("eval/knn-network-%s.json".formatted(digest.substring(0, 8)));
    assertEquals(marked, Files.readString(aside));
    String both = report(folder);
    assertTrue(both.contains(earlier) && both.contains("<td>knn: embedding, top1</td>"));
  }

  @Test
  void whatIsNoResultOrReportOfOursStays() throws IOException {
    Path folder = temp.resolve("run");
    assertEquals(0, invp("train", config, "--run-dir", folder, "--set", "training.epochs=1").code);
    Path eval = Files.createDirectories(folder.resolve("eval"));
    Path mine = Files.writeString(eval.resolve("knn.json"), "{\"protocol\": \"mine\"}");
    for (int time = 0; time < 2; time++) {
      Result result = invp("eval", "knn", folder, "--features", "embedding");
      assertEquals(0, result.code, result.err);
      String warning = mine + " is no result of invp eval and stays; this one is in ";
      assertTrue(result.err.contains(warning + eval.resolve("knn-2.json")), result.err);
    }
    assertEquals("{\"protocol\": \"mine\"}", Files.readString(mine));
    assertFalse(Files.exists(eval.resolve("knn-3.json")));
    assertTrue(report(folder).contains("<td>knn: embedding, top1</td>"));

    Path page = Files.writeString(folder.resolve("report.html"), "<html>mine</html>");
    Result refused = invp("report", folder);
    assertEquals(1, refused.code);
    assertTrue(refused.err.contains(page + " is no report of invp; --out names"), refused.err);
    assertEquals("<html>mine</html>", Files.readString(page));
    assertEquals(0, invp("report", folder, "--out", page).code);
    assertEquals(0, invp("report", folder).code);
  }

  private String report(Path folder) throws IOException {
    Path page = temp.resolve("page.html");
    Result result = invp("report", folder, "--out", page);
    assertEquals(0, result.code, result.err);
    return Files.readString(page);
  }

  private static Object[] join(Object[] words, Object... more) {
    return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray();
  }

  @Test
  void theReportShowsTheVerdictThatTrainingEndedWith() throws IOException {
    String verdict = RunVerdict.read(run).orElseThrow().text();
    Path page = temp.resolve("page.html");
    assertEquals(0, invp("report", run, "--out", page).code);
    String one = Files.readString(page);
    assertTrue(one.contains(">" + verdict + "</p>"), verdict);
    assertTrue(one.contains("<td>untrained backbone</td>"), "accuracies by k");
    assertEquals(0, invp("report", run, run, "--out", page).code);
    assertTrue(Files.readString(page).contains("<b>run:</b> " + verdict + "</p>"), verdict);
  }

  @Test
  void aDataSetOfOneClassHasNoVerdict() throws IOException {
    for (String name : List.of("train", "t10k")) {
      String images = name + "-images-idx3-ubyte";
      Files.copy(data.resolve(images), temp.resolve(images));
      byte[] labels = Files.readAllBytes(data.resolve(name + "-labels-idx1-ubyte"));
      Arrays.fill(labels, 8, labels.length, (byte) 0);
      Files.write(temp.resolve(name + "-labels-idx1-ubyte"), labels);
    }
    Path folder = temp.resolve("run");
    Result result =
        invp(
            "train",
            config,
            "--run-dir",
            folder,
            "--set",
            "data.path=" + temp,
            "--set",
            "training.epochs=1");
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.contains("There is no verdict: "), result.out);
    assertTrue(result.out.contains("only one class in common"), result.out);
  }

  @Test
  void theReportShowsTheNeighboursOfChosenImages() throws IOException {
    Path page = temp.resolve("page.html");
    Result result = invp("report", run, "--out", page, "--images", "7,2");
    assertEquals(0, result.code, result.err);
    String text = Files.readString(page);
    String neighbours = text.substring(text.indexOf("<section id=\"neighbours\">"));
    neighbours = neighbours.substring(0, neighbours.indexOf("</section>"));
    assertEquals(3, neighbours.split("class=\"t big\"", -1).length, neighbours);
    assertTrue(neighbours.contains("2, image 2") && neighbours.contains("7, image 7"), neighbours);
    Result wrong = invp("report", run, "--out", page, "--images", "9");
    assertEquals(2, wrong.code, wrong.err);
    assertTrue(wrong.err.contains("--images is 9, allowed: 0 to 8"), wrong.err);
  }

  @Test
  void infoNamesTheNativeLibraries() {
    Result result = invp("info");
    assertEquals(0, result.code, result.out);
    assertTrue(result.out.contains("libinvp_nn.so"), result.out);
  }

  private Object[] arguments(String line) {
    if (line.isEmpty()) {
      return new Object[0];
    }
    String[] words = line.split(" ");
    Object[] arguments = new Object[words.length];
    for (int i = 0; i < words.length; i++) {
      arguments[i] =
          switch (words[i]) {
            case "CONFIG" -> config;
            case "RUN" -> run;
            case "DATA" -> data;
            case "TEMP" -> temp;
            default -> words[i];
          };
    }
    boolean named = line.contains("--run-dir") || !line.startsWith("train CONFIG");
    if (named) {
      return arguments;
    }
    Object[] elsewhere = Arrays.copyOf(arguments, arguments.length + 2);
    elsewhere[arguments.length] = "--run-dir";
    elsewhere[arguments.length + 1] = temp;
    return elsewhere;
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
