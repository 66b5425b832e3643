package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.train.Checkpoint;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What happens when a run folder cannot be written, in processes of their own. A small file system
 * in a mount namespace is the disk that fills up or becomes read-only; only root, or a kernel with
 * user namespaces, lets a test have one.
 */
@Tag("slow")
class RunFolderFailureTest {
  @TempDir static Path shared;
  private static Path config;
  private static Path unbroken;
  private static long checkpointBytes;

  @TempDir Path temp;

  @BeforeAll
  static void trainWithoutAFailure() throws IOException, InterruptedException {
    Path data = TinyRun.writeData(shared.resolve("data"));
    config = Files.writeString(shared.resolve("tiny.yaml"), TinyRun.yaml(data));
    unbroken = shared.resolve("unbroken");
    TrainerProcess trainer = TrainerProcess.start("train", config, "--run-dir", unbroken);
    assertEquals(0, trainer.exitCode(), trainer.lines()::toString);
    checkpointBytes = Files.size(unbroken.resolve("checkpoint.safetensors"));
  }

  @Test
  void aDiskThatFillsUpIsNamedAndTheRunGoesOnOnceThereIsRoom()
      throws IOException, InterruptedException {
    // Room for two checkpoints and a half.
    TrainerProcess shell =
        onDisk(
            "size=" + checkpointBytes * 5 / 2,
            """
            "$@" train CONFIG --run-dir RUN; echo exit $?
            sha256sum RUN/checkpoint.safetensors
            ls -A RUN | grep tmp && echo left
            mount -o remount,size=64m DISK
            "$@" train --resume --run-dir RUN; echo exit $?
            cp RUN/checkpoint.safetensors OUT
            """);
    assertEquals(0, shell.exitCode(), shell.lines()::toString);
    List<String> lines = shell.lines();
    int failed = lines.indexOf("exit 1");
    assertTrue(
        lines
            .get(failed - 1)
            .matches("invp: could not write .*checkpoint\\.safetensors: No space left .*unchanged"),
        lines::toString);
    assertTrue(!lines.contains("left"), lines::toString);
    assertTrue(lines.contains("exit 0"), lines::toString);
    assertSameCheckpoint(temp.resolve("out"));
  }

  @Test
  void aReadOnlyRunFolderIsNamed() throws IOException, InterruptedException {
    TrainerProcess shell =
        onDisk(
            "size=64m",
            """
            "$@" train CONFIG --run-dir RUN --set training.epochs=1 > /dev/null; echo exit $?
            mount -o remount,ro DISK
            "$@" train --resume --run-dir RUN --set training.epochs=2; echo exit $?
            "$@" train CONFIG --run-dir DISK/other; echo exit $?
            """);
    assertEquals(0, shell.exitCode(), shell.lines()::toString);
    List<String> lines = shell.lines();
    assertEquals(
        List.of("exit 0", "exit 1", "exit 1"),
        lines.stream().filter(line -> line.startsWith("exit")).toList(),
        lines::toString);
    assertEquals(
        2,
        lines.stream()
            .filter(line -> line.matches("invp: could not open the run folder .*Read-only.*"))
            .count(),
        lines::toString);
  }

  @Test
  void aSecondTrainerOnTheFolderIsRefused() throws IOException, InterruptedException {
    Path run = temp.resolve("run");
    TrainerProcess first =
        TrainerProcess.start(
            "train",
            config,
            "--run-dir",
            run,
            "--set",
            "training.epochs=100000",
            "--set",
            "optimizer.schedule_epochs=100000");
    first.awaitLine("epoch 1/");
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            new PrintWriter(new StringWriter()),
            new PrintWriter(err, true),
            "train",
            "--resume",
            "--run-dir",
            run.toString());
    assertEquals(1, code);
    assertEquals(
        "invp: %s is in use by another trainer (process %d)\n".formatted(run, first.pid()),
        err.toString());
    first.signal("KILL");
    first.exitCode();
    // The lock ended with the process.
    assertEquals("", finish(run));
  }

  /** The JVM ends itself when its own memory cannot be had; what is on the disk stays whole. */
  @Test
  void aTrainerWhoseMemoryEndsLosesNothing() throws IOException, InterruptedException {
    Path run = temp.resolve("run");
    TrainerProcess trainer =
        TrainerProcess.start(
            "train",
            config,
            "--run-dir",
            run,
            "--set",
            "training.checkpoint_every_steps=1",
            "--set",
            "training.epochs=100000",
            "--set",
            "optimizer.schedule_epochs=100000");
    trainer.awaitLine("training on");
    new ProcessBuilder("prlimit", "--pid", Long.toString(trainer.pid()), "--as=300000000")
        .inheritIO()
        .start()
        .waitFor();
    assertNotEquals(0, trainer.exitCode(), trainer.lines()::toString);
    assertEquals("", finish(run));
  }

  /** Goes on for an epoch from wherever a killed run had come to; what is said if that fails. */
  private static String finish(Path run) throws IOException, InterruptedException {
    Path path = run.resolve("checkpoint.safetensors");
    int done = 0;
    if (Files.exists(path)) {
      try (Checkpoint checkpoint = Checkpoint.read(path)) {
        done = checkpoint.epochs();
      }
    }
    TrainerProcess again =
        TrainerProcess.start(
            "train",
            config,
            "--resume",
            "--run-dir",
            run,
            "--set",
            "training.epochs=" + (done + 1),
            "--set",
            "optimizer.schedule_epochs=100000");
    return again.exitCode() == 0 ? "" : again.lines().toString();
  }

  /** Runs a script on a file system of its own; {@code "$@"} is the program. */
  private TrainerProcess onDisk(String options, String script)
      throws IOException, InterruptedException {
    String unshare = unshare();
    assumeTrue(unshare != null, "this machine lets a test have no mount namespace");
    Path disk = Files.createDirectory(temp.resolve("disk"));
    List<String> command = new ArrayList<>(List.of(unshare.split(" ")));
    String body =
        ("mount -t tmpfs -o OPTIONS none DISK || exit 9\n" + script)
            .replace("OPTIONS", options)
            .replace("RUN", disk.resolve("run").toString())
            .replace("DISK", disk.toString())
            .replace("CONFIG", config.toString())
            .replace("OUT", temp.resolve("out").toString());
    command.addAll(List.of("bash", "-c", body, "bash"));
    command.addAll(TrainerProcess.command());
    return TrainerProcess.run(command);
  }

  private String unshare() throws IOException, InterruptedException {
    Path probe = Files.createDirectory(temp.resolve("probe"));
    for (String words : List.of("unshare -m", "unshare -rm")) {
      List<String> command = new ArrayList<>(List.of(words.split(" ")));
      command.addAll(List.of("mount", "-t", "tmpfs", "none", probe.toString()));
      if (new ProcessBuilder(command).start().waitFor() == 0) {
        return words;
      }
    }
    return null;
  }

  private static void assertSameCheckpoint(Path path) throws IOException {
    assertEquals(-1, Files.mismatch(unbroken.resolve("checkpoint.safetensors"), path));
  }
}
