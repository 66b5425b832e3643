package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_250L));

  @TempDir Path temp;

  @Test
  void theBytesAreThoseOfTensorBoardsOwnWriter() throws IOException {
    try (TensorBoardLog log = TensorBoardLog.begin(temp, 300, CLOCK)) {
      log.text(300, "config", "    seed: 0\n    τ: 0.2\n");
      Map<String, Double> first = new LinkedHashMap<>();
      first.put("epoch/loss", 5.25);
      first.put("epoch/lr", 1e-3);
      first.put("epoch/cosine", -0.5);
      first.put("epoch/nothing", 0.0);
      log.scalars(70_000, first);
      Map<String, Double> second = new LinkedHashMap<>();
      second.put("epoch/loss", Double.NaN);
      second.put("epoch/lr", 3e38);
      log.scalars(5_000_000_000L, second);
    }
    String name = "events.out.tfevents.1700000000.invp";
    try (InputStream golden = getClass().getResourceAsStream("/tensorboard/" + name)) {
      assertArrayEquals(golden.readAllBytes(), Files.readAllBytes(temp.resolve(name)));
    }
  }

  @Test
  void aSecondSessionInTheSameSecondSortsBehindTheFirst() {
    for (int session = 0; session < 3; session++) {
      TensorBoardLog.begin(temp, session, CLOCK).close();
    }
    assertEquals(
        List.of(
            "events.out.tfevents.1700000000.invp",
            "events.out.tfevents.1700000001.invp",
            "events.out.tfevents.1700000002.invp"),
        TensorBoardLog.files(temp).stream().map(file -> file.getFileName().toString()).toList());
  }

  @Test
  void aClockThatJumpedBackDoesNotPutTheLaterSessionFirst() {
    InstantSource past = InstantSource.fixed(Instant.ofEpochMilli(1_000));
    TensorBoardLog.begin(temp, 0, CLOCK).close();
    Path first = TensorBoardLog.files(temp).get(0);
    TensorBoardLog.begin(temp, 5, past).close();
    List<Path> files = TensorBoardLog.files(temp);
    assertEquals(2, files.size());
    assertEquals(first, files.get(0));
  }

  @Test
  void aRunThatIsStoppedAndResumedHasEachFigureOnce() throws IOException {
    Path data = TinyRun.writeData(temp.resolve("data"));
    Path run = temp.resolve("run");
    // Saved at the last step of an epoch but not at its end, so that the epoch is ended twice.
    List<String> settings =
        List.of(
            "training.log_every=2",
            "training.checkpoint_every_steps=6",
            "training.checkpoint_every_epochs=3");
    for (int stop : new int[] {3, TinyRun.BATCHES, 2 * TinyRun.BATCHES + 1, -1}) {
      train(data, run, settings, stop);
    }
    Map<Long, Float> steps = new TreeMap<>();
    Map<Long, Float> epochs = new TreeMap<>();
    for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
      JsonNode node = JsonMapper.builder().build().readTree(line);
      if (node.has("step")) {
        steps.put(node.get("step").asLong(), node.get("loss").floatValue());
      } else if (node.has("epoch")) {
        epochs.put(node.get("epoch").asLong() * TinyRun.BATCHES, node.get("loss_inv").floatValue());
      }
    }
    assertEquals(9, steps.size());
    assertEquals(3, epochs.size());
    Path folder = run.resolve("tensorboard");
    assertEquals(4, TensorBoardLog.files(folder).size());
    assertEquals(steps, EventReader.series(folder, "step/loss"));
    assertEquals(epochs, EventReader.series(folder, "epoch/loss_inv"));
    assertEquals(epochs.keySet(), EventReader.series(folder, "epoch/staleness").keySet());
    assertEquals(1, EventReader.series(folder, "final/embedding_knn").size());
    assertEquals(1, EventReader.series(folder, "final/untrained_backbone_knn_by_k/20").size());
  }

  @Test
  void noEventsAreWrittenWhereTheSettingsSaySo() {
    Path data = TinyRun.writeData(temp.resolve("data"));
    train(data, temp.resolve("run"), List.of("training.tensorboard=false"), 1);
    assertFalse(Files.exists(temp.resolve("run/tensorboard")));
  }

  @Test
  void overwritingARunDeletesItsEvents() {
    Path data = TinyRun.writeData(temp.resolve("data"));
    Path run = temp.resolve("run");
    train(data, run, List.of(), 1);
    RunFolder.open(run, Existing.OVERWRITE).close();
    assertEquals(List.of(), TensorBoardLog.files(run.resolve("tensorboard")));
  }

  @Test
  void tensorBoardItselfReadsWhatTheJavaReaderReads() throws Exception {
    String python = System.getenv().getOrDefault("PEERS_PYTHON", "python3");
    assumeTrue(
        python(python, "import tensorboard").equals("exit 0"),
        "no Python with the package tensorboard (PEERS_PYTHON names one)");
    Path data = TinyRun.writeData(temp.resolve("data"));
    Path run = temp.resolve("run");
    List<String> settings = List.of("training.log_every=1");
    train(data, run, settings, TinyRun.BATCHES + 2);
    train(data, run, settings, -1);
    Path folder = run.resolve("tensorboard");
    String script =
        """
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        events = EventAccumulator(%s)
        events.Reload()
        for tag in sorted(events.Tags()["tensors"] + events.Tags()["scalars"]):
            if tag.startswith("config"):
                text = events.Tensors(tag)[-1].tensor_proto.string_val[0].decode()
                assert "    seed: 3" in text.splitlines(), text
                continue
            for value in events.Scalars(tag):
                print(tag, value.step, repr(float(value.value)))
        """
            .formatted(JsonMapper.builder().build().writeValueAsString(folder.toString()));
    StringBuilder expected = new StringBuilder();
    EventReader.scalars(folder).stream()
        .sorted(java.util.Comparator.comparing(EventReader.Scalar::tag))
        .forEach(
            scalar ->
                expected.append(
                    "%s %d %s%n".formatted(scalar.tag(), scalar.step(), (double) scalar.value())));
    assertEquals(lines(expected + "exit 0"), lines(python(python, script)));
  }

  /** Numbers are compared by value: Python and Java write the same one differently. */
  private static List<String> lines(String text) {
    return text.lines()
        .map(
            line -> {
              String[] words = line.split(" ");
              return words.length < 3
                  ? line
                  : words[0] + " " + words[1] + " " + Double.parseDouble(words[2]);
            })
        .toList();
  }

  /** What a script printed, and its exit code. */
  private String python(String python, String script) throws IOException, InterruptedException {
    Path out = Files.createTempFile(temp, "python", ".txt");
    Process process;
    try {
      process =
          new ProcessBuilder(python, "-c", script)
              .redirectErrorStream(false)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectOutput(out.toFile())
              .start();
    } catch (IOException e) {
      return "exit 127";
    }
    int code = process.waitFor();
    return Files.readString(out, StandardCharsets.UTF_8) + "exit " + code;
  }

  private static void train(Path data, Path run, List<String> settings, int stopAtStep) {
    TrainingConfig config = ConfigFile.parse("test", TinyRun.yaml(data), settings);
    StopRequest stop = new StopRequest();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void stepDone(StepMetrics step, int images, double meanLoss) {
            if (step.step() == stopAtStep) {
              stop.request();
            }
          }
        };
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(run, Existing.RESUME);
        Trainer trainer = new Trainer(config, folder, images, stop, listener)) {
      trainer.run();
    }
  }
}
