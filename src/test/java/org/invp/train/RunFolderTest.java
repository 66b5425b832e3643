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
