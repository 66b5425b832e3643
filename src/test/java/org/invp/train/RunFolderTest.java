package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvpException;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFolderTest {
  @TempDir Path temp;

  @Test
  void aSecondTrainerIsRefusedUntilTheFirstCloses() {
    Path path = temp.resolve("run");
    try (RunFolder first = RunFolder.open(path, Existing.REFUSE)) {
      InvpException failure =
          assertThrows(InvpException.class, () -> RunFolder.open(first.path(), Existing.RESUME));
      assertEquals(
          "%s is in use by another trainer (process %d)"
              .formatted(path, ProcessHandle.current().pid()),
          failure.getMessage());
    }
    RunFolder.open(path, Existing.REFUSE).close();
  }

  @Test
  void aFolderWithARunIsRefusedAndTheWaysOutAreNamed() throws IOException {
    Files.writeString(temp.resolve("config.yaml"), "seed: 1");
    InvpException failure =
        assertThrows(InvpException.class, () -> RunFolder.open(temp, Existing.REFUSE));
    assertTrue(failure.getMessage().contains("--resume"), failure.getMessage());
    assertTrue(failure.getMessage().contains("--overwrite"), failure.getMessage());
    assertTrue(failure.getMessage().contains("--run-dir"), failure.getMessage());
    RunFolder.open(temp, Existing.RESUME).close();
    assertTrue(Files.exists(temp.resolve("config.yaml")));
  }

  @Test
  void overwritingDeletesTheRunAndNothingElse() throws IOException {
    List<String> run =
        List.of("checkpoint.safetensors", "log.txt", "log-rank1.txt", "log-rank12.txt");
    RunFolder.open(temp, Existing.REFUSE).close();
    for (String file : run) {
      Files.writeString(temp.resolve(file), "old");
    }
    Path other = Files.writeString(temp.resolve("notes.txt"), "mine");
    RunFolder.open(temp, Existing.OVERWRITE).close();
    for (String file : run) {
      assertFalse(Files.exists(temp.resolve(file)), file);
    }
    assertTrue(Files.exists(other));
  }

  @Test
  void filesThatBearARunsNamesButAreNoRunsAreNotOverwritten() throws IOException {
    Path mine = Files.writeString(temp.resolve("config.yaml"), "mine: true");
    for (int attempt = 0; attempt < 2; attempt++) {
      InvpException failure =
          assertThrows(InvpException.class, () -> RunFolder.open(temp, Existing.OVERWRITE));
      assertEquals(
          mine
              + " is no run's: there is neither a lock nor a checkpoint beside it; move it, or name"
              + " another folder with --run-dir",
          failure.getMessage());
    }
    assertEquals("mine: true", Files.readString(mine));
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.yaml", "log.txt", "metrics.jsonl", "weights.safetensors"})
  void overwritingEndsAtWhatIsNoPlainFile(String name) throws IOException {
    Path run = temp.resolve("run");
    RunFolder.open(run, Existing.REFUSE).close();
    Path other = Files.writeString(temp.resolve("other"), "mine");
    Path link = Files.createSymbolicLink(run.resolve(name), other);
    InvpException failure =
        assertThrows(InvpException.class, () -> RunFolder.open(run, Existing.OVERWRITE));
    assertEquals(
        "could not delete %s: %s is no plain file".formatted(link, name), failure.getMessage());
    assertEquals("mine", Files.readString(other));
    assertTrue(Files.isSymbolicLink(link));
  }

  @Test
  void foreignFilesAmongTheShardsAndEventsStay() throws IOException {
    Path run = temp.resolve("run");
    RunFolder.open(run, Existing.REFUSE).close();
    Path shards = Files.createDirectories(run.resolve("shards"));
    Path board = Files.createDirectories(run.resolve("tensorboard"));
    List<Path> foreign =
        List.of(
            Files.writeString(shards.resolve("train-000.tar"), "x"),
            Files.writeString(shards.resolve("a.safetensors"), "x"),
            Files.createDirectory(
                shards.resolve("step-1-rank-0-of-2-0123456789abcdef.safetensors")),
            Files.writeString(board.resolve("events.out.tfevents.1.host"), "x"));
    Path ours =
        Files.writeString(shards.resolve("step-2-rank-0-of-2-0123456789abcdef.safetensors"), "old");
    run(run).shards().sweep(List.of());
    assertFalse(Files.exists(ours));
    Files.writeString(ours, "old");
    RunFolder.open(run, Existing.OVERWRITE).close();
    assertFalse(Files.exists(ours));
    foreign.forEach(file -> assertTrue(Files.exists(file), file::toString));
  }

  @Test
  void nothingIsDeletedThroughALink() throws IOException {
    Path run = temp.resolve("run");
    RunFolder.open(run, Existing.REFUSE).close();
    Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
    Path file =
        Files.writeString(
            elsewhere.resolve("step-2-rank-0-of-2-0123456789abcdef.safetensors"), "mine");
    Files.createSymbolicLink(run.resolve("shards"), elsewhere);
    run(run).shards().sweep(List.of());
    RunFolder.open(run, Existing.OVERWRITE).close();
    assertTrue(Files.exists(file));
  }

  @Test
  void aFolderThatWasTakenAwayIsNoLongerHeld() throws IOException {
    Path run = temp.resolve("run");
    try (RunFolder folder = RunFolder.open(run, Existing.REFUSE)) {
      folder.requireHeld();
      Files.move(run, temp.resolve("moved"));
      assertThrows(InvpException.class, folder::requireHeld);
      try (RunFolder other = RunFolder.open(run, Existing.REFUSE)) {
        other.requireHeld();
        InvpException failure = assertThrows(InvpException.class, folder::requireHeld);
        assertTrue(
            failure.getMessage().contains("nothing more is written there"), failure.getMessage());
      }
    }
  }

  @Test
  void aLockThatWasDeletedIsNoLongerHeld() throws IOException {
    try (RunFolder folder = RunFolder.open(temp, Existing.REFUSE)) {
      Files.delete(temp.resolve("run.lock"));
      assertThrows(InvpException.class, folder::requireHeld);
    }
  }

  private static CheckpointFiles run(Path run) {
    return RunFolder.ofRankZero(run).checkpoints();
  }

  @Test
  void temporaryFilesOfAKilledProcessAreRemoved() throws IOException {
    Path leftover = Files.writeString(temp.resolve(".checkpoint.safetensors.12ab.tmp"), "half");
    RunFolder.open(temp, Existing.REFUSE).close();
    assertFalse(Files.exists(leftover));
  }

  @Test
  void aPathThatIsAFileIsRefused() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "");
    InvpException failure =
        assertThrows(InvpException.class, () -> RunFolder.open(file, Existing.REFUSE));
    assertTrue(failure.getMessage().contains(file.toString()), failure.getMessage());
  }
}
