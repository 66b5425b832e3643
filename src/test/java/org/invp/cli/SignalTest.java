package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.invp.train.Checkpoint;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a signal does to a trainer, in processes of their own. */
@Tag("slow")
class SignalTest {
  @TempDir Path temp;
  private Path config;
  private Path run;

  @BeforeEach
  void prepare() throws IOException {
    Path data = TinyRun.writeData(temp.resolve("data"));
    config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    run = temp.resolve("run");
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130", "HUP, 129", "USR1, 138", "XCPU, 152"})
  void aSignalledTrainerSavesAndCanGoOn(String signal, int expected)
      throws IOException, InterruptedException {
    TrainerProcess trainer = endless();
    trainer.awaitLine("epoch 1/");
    trainer.signal(signal);
    assertEquals(expected, trainer.exitCode(), trainer.lines()::toString);
    assertTrue(trainer.lastLine().contains("--resume"), trainer.lines()::toString);

    int done;
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      done = checkpoint.epochs();
    }
    TrainerProcess again =
        TrainerProcess.start(
            "train", "--resume", "--run-dir", run, "--set", "training.epochs=" + (done + 1));
    assertEquals(0, again.exitCode(), again.lines()::toString);
    assertEquals(done + 2, Files.readAllLines(run.resolve("metrics.jsonl")).size());
  }

  /** The metrics become a pipe that nobody reads: the trainer hangs in its next line. */
  @Test
  void aSecondSignalEndsATrainerThatCannotSaveAtOnce() throws IOException, InterruptedException {
    TrainerProcess trainer = endless();
    trainer.awaitLine("epoch 2/");
    Path pipe = temp.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    Files.move(pipe, run.resolve("metrics.jsonl"), StandardCopyOption.REPLACE_EXISTING);
    trainer.signalUntilItEnds("TERM");
    assertEquals(143, trainer.exitCode(), trainer.lines()::toString);
    Checkpoint.read(run.resolve("checkpoint.safetensors")).close();
  }

  private TrainerProcess endless() throws IOException {
    return TrainerProcess.start(
        "train",
        config,
        "--run-dir",
        run,
        "--set",
        "training.epochs=100000",
        "--set",
        "optimizer.schedule_epochs=100000");
  }

  /** The exit handlers of native libraries crashed while threads were at work in them. */
  @Test
  void aSignalEndsAnEmbeddingAtOnceAndWithoutACrash() throws IOException, InterruptedException {
    TrainerProcess trainer = TrainerProcess.start("train", config, "--run-dir", run);
    assertEquals(0, trainer.exitCode(), trainer.lines()::toString);
    Path many = TinyRun.writeData(temp.resolve("many"), 200_000);
    Path target = temp.resolve("rows.npy");
    TrainerProcess embedding =
        TrainerProcess.start("embed", run, many, "--split", "train", "--out", target);
    awaitThread(embedding.pid(), "invp-loader");
    embedding.signal("TERM");
    assertEquals(143, embedding.exitCode());
    assertTrue(
        embedding.lines().stream().noneMatch(line -> line.contains("Exception")),
        embedding.lines()::toString);
    assertTrue(Files.notExists(target));
  }

  /** Until a process has a thread of that name. */
  private static void awaitThread(long pid, String name) throws IOException {
    while (!threads(pid).stream().anyMatch(thread -> thread.startsWith(name))) {
      Thread.onSpinWait();
    }
  }

  private static List<String> threads(long pid) throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path task : tasks.toList()) {
        try {
          names.add(Files.readString(task.resolve("comm")));
        } catch (IOException e) {
          continue; // It has ended meanwhile.
        }
      }
    }
    return names;
  }
}
