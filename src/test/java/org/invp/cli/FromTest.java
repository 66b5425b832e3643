package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code invp train --from}: what a user types, and what the files say afterwards. */
@Tag("slow")
class FromTest {
  @TempDir Path temp;
  private Path config;
  private Path other;
  private Path run;

  /** What a command printed and returned. */
  private record Result(int code, String out, String err) {}

  @BeforeEach
  void trainTheOther() throws IOException {
    Path data = TinyRun.writeData(temp.resolve("data"));
    config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    other = temp.resolve("other");
    run = temp.resolve("run");
    done("train", config, "--run-dir", other);
  }

  @Test
  void settingsAreThoseOfConfigElseOfTheOtherRun() throws IOException {
    String slower = "optimizer.learning_rate=0.007";
    String out = done("train", "--from", other, "--run-dir", run, "--set", slower);
    String origin = "the network, the memory bank and the graph of " + other + " after 3 epochs";
    assertTrue(out.contains("begins with " + origin), out);
    assertTrue(out.contains("epoch 1/3"), out);
    String settings = Files.readString(run.resolve("config.yaml"));
    assertTrue(settings.startsWith("# The run began with " + origin), settings);
    assertTrue(settings.contains("learning_rate: 0.007"), settings);
    done("report", run, "--out", temp.resolve("page.html"));
    assertTrue(Files.readString(temp.resolve("page.html")).contains("<p>Began with " + origin));
    done("train", "--resume", "--run-dir", run);

    Path again = temp.resolve("again");
    done("train", config, "--from", other.resolve("checkpoint.safetensors"), "--run-dir", again);
    assertTrue(Files.readString(again.resolve("config.yaml")).contains("learning_rate: 0.05"));
  }

  @Test
  void aChosenCheckpointIsTheOneBegunFrom() {
    String out = done("train", "--from", other, "--checkpoint", "previous", "--run-dir", run);
    assertTrue(out.contains(" after 2 epochs"), out);
  }

  @Test
  void whatResumesNeedsTheOtherRunNoMore() throws IOException {
    done("train", "--from", other, "--run-dir", run);
    Files.move(other, temp.resolve("elsewhere"));
    Files.delete(run.resolve("config.yaml")); // As when killed right after the first checkpoint.
    done("train", "--resume", "--run-dir", run);
    assertTrue(Files.readString(run.resolve("config.yaml")).startsWith("# The run began with "));
  }

  @Test
  void theOtherRunIsNeverTheOneThatIsOverwritten() throws IOException {
    byte[] before = Files.readAllBytes(other.resolve("checkpoint.safetensors"));
    Path link = Files.createSymbolicLink(temp.resolve("link"), other);
    Path checkpoint = other.resolve("checkpoint.safetensors");
    for (Path from : new Path[] {other, link, checkpoint}) {
      assertRefused(
          1,
          "is the run that --from begins from; --run-dir names a folder for the new one",
          "train",
          config,
          "--from",
          from,
          "--run-dir",
          other,
          "--overwrite");
    }
    assertEquals(before.length, Files.size(checkpoint));
  }

  @Test
  void whatDoesNotFitEndsBeforeAnythingIsWritten() throws IOException {
    Path older = Files.createDirectories(run);
    Path kept = Files.writeString(older.resolve("checkpoint.safetensors"), "an older run");
    Files.writeString(older.resolve("run.lock"), "");
    Object[] words = {
      "train", config, "--from", other, "--run-dir", run, "--overwrite", "--set", "network.width=8"
    };
    assertRefused(2, "network.width is 8, but the network of", words);
    assertEquals("an older run", Files.readString(kept));
  }

  @Test
  void aNetworkAloneCanBeBegunFrom() throws IOException {
    Path weights = temp.resolve("weights");
    Files.createDirectories(weights);
    Files.copy(other.resolve("weights.safetensors"), weights.resolve("weights.safetensors"));
    Files.copy(other.resolve("config.yaml"), weights.resolve("config.yaml"));
    String out = done("train", "--from", weights, "--run-dir", run);
    assertTrue(out.contains("begins with the network of " + weights + " (network "), out);
    out =
        done(
            "train",
            config,
            "--from",
            other,
            "--network-only",
            "--run-dir",
            temp.resolve("less"),
            "--set",
            "data.limit=20");
    assertTrue(out.contains("begins with the network of " + other + " after 3 epochs"), out);
  }

  @Test
  void combinationsThatMakeNoSenseAreRefused() {
    assertRefused(2, "exclude each other", "train", "--from", other, "--resume", "--run-dir", run);
    assertRefused(2, "--network-only needs --from", "train", config, "--network-only");
    assertRefused(2, "CONFIG or --run-dir is missing", "train", "--from", other);
    assertRefused(
        2,
        "chooses from a run folder",
        "train",
        "--from",
        other.resolve("checkpoint.safetensors"),
        "--checkpoint",
        "best",
        "--run-dir",
        run);
    assertRefused(1, "none", "train", "--from", temp.resolve("none"), "--run-dir", run);
    assertFalse(Files.exists(run));
  }

  @Test
  void severalProcessesBeginToo() throws Exception {
    TrainerProcess two =
        TrainerProcess.start("train", "--from", other, "--run-dir", run, "--ranks", 2);
    assertEquals(0, two.exitCode(), two.lines()::toString);
    assertTrue(
        two.lines().stream().anyMatch(line -> line.startsWith("begins with the network, the")),
        two.lines()::toString);
    assertEquals(4, Files.readAllLines(run.resolve("metrics.jsonl")).size());
  }

  private static String done(Object... words) {
    Result result = invp(words);
    assertEquals(0, result.code, result.err);
    return result.out;
  }

  private static void assertRefused(int code, String expected, Object... words) {
    Result result = invp(words);
    assertEquals(code, result.code, result.err);
    assertTrue(result.err.contains(expected), result.err);
    assertEquals(1, result.err.lines().count(), result.err);
  }

  private static Result invp(Object... words) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] texts = Stream.of(words).map(Object::toString).toArray(String[]::new);
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), texts);
    return new Result(code, out.toString(), err.toString());
  }
}
