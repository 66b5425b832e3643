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
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.invp.distributed.Ranks;
import org.invp.train.Checkpoint;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    two.signal("TERM");
    assertEquals(143, two.exitCode(), two.lines()::toString);
    assertEquals(
        "stopped and saved; go on with: invp train --resume --run-dir %s --ranks 2".formatted(run),
        two.lastLine());
    assertTrue(Files.exists(run.resolve("log-rank1.txt")));

    assertEquals("", inProcess("eval", "knn", run, "--features", "bank"));
    int done = goOn(run);
    String epochs = "training.epochs=" + (done + 1);
    TrainerProcess again =
        TrainerProcess.start("train", "--resume", "--run-dir", run, "--set", epochs, "--ranks", 2);
    assertEquals(0, again.exitCode(), again.lines()::toString);
    String last = "epoch %d/".formatted(done + 1);
    assertEquals(1, again.lines().stream().filter(line -> line.startsWith(last)).count());
  }

  /**
   * A terminal and many schedulers signal every process of the group, the ranks and the parent that
   * passes it on to them; some do so twice. The first variables are those of a Slurm batch script.
   */
  @ParameterizedTest
  @CsvSource({"INT, 130", "HUP, 129", "TERM, 143"})
  void aSignalToTheWholeGroupSavesOnce(String signal, int code) throws Exception {
    TrainerProcess two =
        TrainerProcess.startGroup(
            List.of("SLURM_PROCID=0", "SLURM_NTASKS=2", "SLURM_JOB_NODELIST=nowhere[1-2]"),
            endlessly(run, 2));
    two.awaitLine("epoch 1/");
    List<ProcessHandle> children = two.children();
    two.signalGroup(signal);
    assertEquals(code, two.exitCode(), two.lines()::toString);
    assertTrue(two.lastLine().startsWith("stopped and saved; "), two.lines()::toString);
    assertAllEnd(children, 2);
  }

  /** Rank 0 waits for it, for longer than a test may take, and is told by the parent. */
  @Test
  void aRankThatIsTerminatedBeforeItTrainsEndsTheOthers() throws Exception {
    TrainerProcess parent = endless(run, 2);
    ProcessHandle zero = awaitRank(parent, 0);
    TrainerProcess.signal("STOP", zero.pid());
    ProcessHandle one = awaitRank(parent, 1);
    TrainerProcess.signal("TERM", one.pid());
    one.onExit().join();
    TrainerProcess.signal("CONT", zero.pid());
    assertEquals(143, parent.exitCode(), parent.lines()::toString);
  }

  /** What a scheduler does that lets jobs take turns. Both ends are right. */
  @Test
  void ranksThatWereAllSuspendedForLongerThanTheyWaitGoOnOrSayHow() throws Exception {
    TrainerProcess parent =
        TrainerProcess.startGroup(
            List.of(),
            endlessly(run, 2, "--timeout", 5, "--set", "training.checkpoint_every_steps=1"));
    parent.awaitLine("epoch 1/");
    parent.signalGroup("STOP");
    TimeUnit.SECONDS.sleep(7);
    parent.signalGroup("CONT");
    int before = epochs(run);
    while (parent.isAlive() && epochs(run) <= before + 1) {
      Thread.onSpinWait();
    }
    TrainerProcess.trySignal("TERM", parent.pid());
    int code = parent.exitCode();
    if (code != 143) {
      assertEquals(Main.FAILED, code, parent.lines()::toString);
      assertEquals(1, errors(parent).size(), parent.lines()::toString);
      String wayOn = "the last checkpoint is kept; go on with: invp train --resume --run-dir ";
      assertTrue(errors(parent).getFirst().contains(wayOn + run), errors(parent)::toString);
    }
    goOn(run);
  }

  /** Has one process go on to the end of the epoch; how many there are then. */
  private static int goOn(Path run) {
    int epochs = epochs(run) + 1;
    assertEquals(
        "", inProcess("train", "--resume", "--run-dir", run, "--set", "training.epochs=" + epochs));
    return epochs;
  }

  /** How many epochs a run has saved. */
  private static int epochs(Path run) {
    try (Checkpoint checkpoint = Checkpoint.read(run.resolve("checkpoint.safetensors"))) {
      return checkpoint.epochs();
    }
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
    // Who is gone is noticed at once, who is silent after a time in which the ranks also have to
    // meet.
    int patience = signal.equals("STOP") ? 20 : 300;
    TrainerProcess parent = endless(temp.resolve(signal + rank), ranks, "--timeout", patience);
    parent.awaitLine("epoch 1/");
    List<ProcessHandle> children = parent.children();
    TrainerProcess.signal(signal, find(children, rank).orElseThrow().pid());
    assertEquals(Main.FAILED, parent.exitCode(), parent.lines()::toString);
    List<String> errors = errors(parent);
    assertEquals(1, errors.size(), parent.lines()::toString);
    assertTrue(errors.getFirst().contains(named), errors::toString);
    assertTrue(errors.getFirst().contains("go on with: invp train --resume"), errors::toString);
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

  /** As a shell might be left by one who has started ranks by hand. */
  @Test
  void ranksOfALauncherAndOfOursExcludeEachOther() throws Exception {
    List<String> words =
        new ArrayList<>(List.of("env", "RANK=0", "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1"));
    words.addAll(TrainerProcess.command("train", config, "--run-dir", run, "--ranks", 2));
    TrainerProcess parent = TrainerProcess.run(words);
    assertEquals(Main.WRONG_USE, parent.exitCode(), parent.lines()::toString);
    assertEquals(1, parent.lines().size(), parent.lines()::toString);
    assertTrue(
        parent.lastLine().contains("RANK and WORLD_SIZE (torchrun)"), parent.lines()::toString);
  }

  private static List<String> errors(TrainerProcess process) {
    return process.lines().stream().filter(line -> line.startsWith("invp: ")).toList();
  }

  private TrainerProcess endless(Path folder, int ranks, Object... more) throws IOException {
    return TrainerProcess.start(endlessly(folder, ranks, more));
  }

  private Object[] endlessly(Path folder, int ranks, Object... more) {
    List<Object> arguments = new ArrayList<>(List.of("train", config, "--run-dir", folder));
    arguments.addAll(List.of("--ranks", ranks, "--set", "training.epochs=100000"));
    arguments.addAll(List.of("--set", "optimizer.schedule_epochs=100000"));
    arguments.addAll(List.of("--set", "evaluation.every=0", "--set", "evaluation.baselines=false"));
    arguments.addAll(List.of(more));
    return arguments.toArray();
  }

  /** A rank's process as soon as there is one. */
  private static ProcessHandle awaitRank(TrainerProcess parent, int rank) throws IOException {
    while (true) {
      Optional<ProcessHandle> found = find(parent.children(), rank);
      if (found.isPresent()) {
        return found.get();
      }
      Thread.onSpinWait();
    }
  }

  private static Optional<ProcessHandle> find(List<ProcessHandle> children, int rank)
      throws IOException {
    for (ProcessHandle child : children) {
      byte[] variables = Files.readAllBytes(Path.of("/proc", "" + child.pid(), "environ"));
      if (("\0" + new String(variables, StandardCharsets.UTF_8))
          .contains("\0RANK=" + rank + "\0")) {
        return Optional.of(child);
      }
    }
    return Optional.empty();
  }

  private static void assertAllEnd(List<ProcessHandle> children, int expected) throws Exception {
    assertEquals(expected, children.size());
    for (ProcessHandle child : children) {
      child.onExit().join();
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
