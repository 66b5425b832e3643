package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.invp.distributed.Ranks;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code invp train} by several ranks: real processes, and what becomes of them. */
@Tag("slow")
class RanksTest {
  @TempDir Path temp;
  private Path config;
  private Path run;

  @BeforeEach
  void data() throws IOException {
    Path data = TinyRun.writeData(temp.resolve("data"));
    config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    run = temp.resolve("run");
  }

  @Test
  void aTerminatedRunByTwoSavesIsEvaluatedAndGoesOnByOneAndByTwo() throws Exception {
    TrainerProcess two = endless(run, 2);
    two.awaitLine("epoch 1/");
    long asked = System.nanoTime();
    two.signal("TERM");
    assertEquals(143, two.exitCode(), two.lines()::toString);
    SignalTest.assertInTime(asked);
    assertTrue(two.lastLine().contains("--resume"), two.lines()::toString);
    assertTrue(Files.exists(run.resolve("log-rank1.txt")));

    assertEquals("", inProcess("eval", "knn", run, "--features", "bank"));
    int done = Files.readAllLines(run.resolve("metrics.jsonl")).size();
    String epochs = "training.epochs=" + (done + 1);
    assertEquals("", inProcess("train", "--resume", "--run-dir", run, "--set", epochs));

    epochs = "training.epochs=" + (done + 2);
    TrainerProcess again =
        TrainerProcess.start("train", "--resume", "--run-dir", run, "--set", epochs, "--ranks", 2);
    assertEquals(0, again.exitCode(), again.lines()::toString);
    String last = "epoch %d/".formatted(done + 2);
    assertEquals(1, again.lines().stream().filter(line -> line.startsWith(last)).count());
  }

  @Test
  void aKilledRankIsNamedAndNobodyIsLeft() throws Exception {
    assertLost("KILL", 1, 3, "rank 1 of 3");
    assertLost("KILL", 0, 2, "rank 0 of 2");
  }

  /** Both at once: who waits for a silent rank needs no processor. */
  @Test
  void aStoppedRankIsNamedAndNobodyIsLeft() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<Void>> cases =
          threads.invokeAll(
              List.<Callable<Void>>of(
                  () -> assertLost("STOP", 2, 3, "lost rank 2 of 3"),
                  () -> assertLost("STOP", 0, 2, "lost rank 0 of 2")));
      for (Future<Void> each : cases) {
        each.get();
      }
    }
  }

  private Void assertLost(String signal, int rank, int ranks, String named) throws Exception {
    TrainerProcess parent = endless(temp.resolve(signal + rank), ranks, "--timeout", 3);
    parent.awaitLine("epoch 1/");
    List<ProcessHandle> children = parent.children();
    TrainerProcess.signal(signal, find(children, rank).pid());
    assertEquals(Main.FAILED, parent.exitCode(), parent.lines()::toString);
    List<String> errors =
        parent.lines().stream().filter(line -> line.startsWith("invp: ")).toList();
    assertEquals(1, errors.size(), parent.lines()::toString);
    assertTrue(errors.getFirst().contains(named), errors::toString);
    assertAllEnd(children, ranks);
    return null;
  }

  @Test
  void ranksEndWithTheirParent() throws Exception {
    TrainerProcess parent = endless(run, 2);
    parent.awaitLine("epoch 1/");
    List<ProcessHandle> children = parent.children();
    parent.signal("KILL");
    assertEquals(137, parent.exitCode());
    assertAllEnd(children, 2);
  }

  @Test
  void wrongSettingsEndBeforeAnyRankStarts() throws Exception {
    TrainerProcess parent =
        TrainerProcess.start(
            "train", config, "--run-dir", run, "--ranks", 2, "--set", "training.epoch=3");
    assertEquals(Main.WRONG_USE, parent.exitCode(), parent.lines()::toString);
    assertEquals(1, parent.lines().size(), parent.lines()::toString);
  }

  /** As torchrun would start them on two hosts with different files. */
  @Test
  void ranksWithDifferentSettingsEndBeforeTheOldRunIsDeleted() throws Exception {
    Files.createDirectories(run);
    Path old = Files.writeString(run.resolve("checkpoint.safetensors"), "old");
    int port = Ranks.freePort();
    TrainerProcess first = launched(0, port, "objective.negatives=12");
    TrainerProcess second = launched(1, port, "objective.negatives=11");
    String line = "invp: the ranks differ: objective.negatives is 12 on rank 0 and 11 on rank 1";
    for (TrainerProcess rank : List.of(first, second)) {
      assertEquals(Main.WRONG_USE, rank.exitCode(), rank.lines()::toString);
      assertEquals(1, rank.lines().size(), rank.lines()::toString);
      assertTrue(rank.lastLine().startsWith(line), rank.lastLine());
    }
    assertTrue(Files.exists(old));
  }

  private TrainerProcess launched(int rank, int port, String setting) throws IOException {
    List<String> words = new ArrayList<>(List.of("env", "RANK=" + rank, "WORLD_SIZE=2"));
    words.addAll(List.of("MASTER_ADDR=127.0.0.1", "MASTER_PORT=" + port, "GLOO_SOCKET_IFNAME=lo"));
    words.addAll(
        TrainerProcess.command("train", config, "--run-dir", run, "--overwrite", "--set", setting));
    return TrainerProcess.run(words);
  }

  private TrainerProcess endless(Path folder, int ranks, Object... more) throws IOException {
    List<Object> arguments = new ArrayList<>(List.of("train", config, "--run-dir", folder));
    arguments.addAll(List.of("--ranks", ranks, "--set", "training.epochs=100000"));
    arguments.addAll(List.of("--set", "optimizer.schedule_epochs=100000"));
    arguments.addAll(List.of("--set", "evaluation.every=0", "--set", "evaluation.baselines=false"));
    arguments.addAll(List.of(more));
    return TrainerProcess.start(arguments.toArray());
  }

  private static ProcessHandle find(List<ProcessHandle> children, int rank) throws IOException {
    for (ProcessHandle child : children) {
      byte[] variables = Files.readAllBytes(Path.of("/proc", "" + child.pid(), "environ"));
      if (("\0" + new String(variables, StandardCharsets.UTF_8))
          .contains("\0RANK=" + rank + "\0")) {
        return child;
      }
    }
    throw new AssertionError("no rank " + rank);
  }

  private static void assertAllEnd(List<ProcessHandle> children, int expected) throws Exception {
    assertEquals(expected, children.size());
    for (ProcessHandle child : children) {
      child.onExit().get(20, TimeUnit.SECONDS);
    }
  }

  /** What a command says of its failure; nothing if it does not fail. */
  private static String inProcess(Object... arguments) {
    StringWriter errors = new StringWriter();
    String[] words = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
    int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(errors, true), words);
    return code == 0 ? "" : code + ": " + errors;
  }
}
