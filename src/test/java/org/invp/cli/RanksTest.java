package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code invp train --ranks}: real processes, and what becomes of them. */
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
  void aRunByTwoIsEvaluatedAndGoesOnByOne() throws Exception {
    Process two = start("train", config, "--run-dir", run, "--ranks", "2");
    List<String> lines = two.inputReader().lines().toList();
    assertEquals(0, two.waitFor(), lines::toString);
    assertEquals(1, lines.stream().filter(line -> line.startsWith("epoch 3/")).count());
    assertTrue(Files.exists(run.resolve("log-rank1.txt")));

    Process knn = start("eval", "knn", run, "--features", "bank");
    List<String> answer = knn.inputReader().lines().toList();
    assertEquals(0, knn.waitFor(), answer::toString);

    Process one = start("train", "--resume", "--run-dir", run, "--set", "training.epochs=3");
    List<String> more = one.inputReader().lines().toList();
    assertEquals(0, one.waitFor(), more::toString);
  }

  /** Of 3 ranks one is killed or stopped; every process ends, and one line names the rank. */
  @ParameterizedTest
  @CsvSource({"KILL,1", "KILL,0", "STOP,2", "STOP,0"})
  void aLostRankIsNamedAndNobodyIsLeft(String signal, int rank) throws Exception {
    Process parent = endless("--timeout", "3");
    List<String> lines = new ArrayList<>();
    List<ProcessHandle> children = new ArrayList<>();
    try (BufferedReader output = parent.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
        if (line.startsWith("epoch 1/")) {
          parent.children().forEach(children::add);
          send(signal, rank(children, rank));
        }
      }
    }
    assertTrue(parent.waitFor(60, TimeUnit.SECONDS), lines::toString);
    assertEquals(Main.FAILED, parent.exitValue(), lines::toString);
    List<String> errors = lines.stream().filter(line -> line.startsWith("invp: ")).toList();
    assertEquals(1, errors.size(), lines::toString);
    String named = signal.equals("KILL") ? "rank %d of 3" : "lost rank %d of 3";
    assertTrue(errors.getFirst().contains(named.formatted(rank)), errors::toString);
    assertEquals(3, children.size());
    for (ProcessHandle child : children) {
      child.onExit().get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void ranksEndWithTheirParent() throws Exception {
    Process parent = endless();
    List<ProcessHandle> children = new ArrayList<>();
    try (BufferedReader output = parent.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.startsWith("epoch 1/")) {
          parent.children().forEach(children::add);
          parent.toHandle().destroyForcibly();
        }
      }
    }
    assertEquals(3, children.size());
    for (ProcessHandle child : children) {
      child.onExit().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void aTerminatedRunOfSeveralSavesAndCanGoOn() throws Exception {
    Process parent = endless();
    List<String> lines = new ArrayList<>();
    try (BufferedReader output = parent.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
        if (line.startsWith("epoch 1/")) {
          parent.toHandle().destroy();
        }
      }
    }
    assertEquals(143, parent.waitFor(), lines::toString);
    assertTrue(lines.getLast().contains("--resume"), lines::toString);
  }

  @Test
  void wrongSettingsEndBeforeAnyRankStarts() throws Exception {
    Process parent =
        start("train", config, "--run-dir", run, "--ranks", "2", "--set", "training.epoch=3");
    List<String> lines = parent.inputReader().lines().toList();
    assertEquals(Main.WRONG_USE, parent.waitFor(), lines::toString);
    assertEquals(1, lines.size(), lines::toString);
  }

  private Process endless(String... more) throws IOException {
    List<Object> arguments = new ArrayList<>(List.of("train", config, "--run-dir", run));
    arguments.addAll(List.of("--ranks", "3", "--set", "training.epochs=100000"));
    arguments.addAll(List.of("--set", "evaluation.every=0", "--set", "evaluation.baselines=false"));
    arguments.addAll(List.of(more));
    return start(arguments.toArray());
  }

  private static ProcessHandle rank(List<ProcessHandle> children, int rank) throws IOException {
    for (ProcessHandle child : children) {
      byte[] variables = Files.readAllBytes(Path.of("/proc", "" + child.pid(), "environ"));
      if (("\0" + new String(variables, StandardCharsets.UTF_8))
          .contains("\0RANK=" + rank + "\0")) {
        return child;
      }
    }
    throw new AssertionError("no rank " + rank);
  }

  private static void send(String signal, ProcessHandle process) throws Exception {
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
  }

  private static Process start(Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    for (String property : List.of("invp.native.dir", "invp.libtorch")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    Map<String, String> variables = builder.environment();
    List.of("RANK", "WORLD_SIZE").forEach(variables::remove);
    return builder.start();
  }
}
