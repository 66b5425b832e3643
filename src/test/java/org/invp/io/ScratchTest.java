package org.invp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchTest {
  /** More than one piece of what is written at once, and not a multiple of it. */
  private static final int ROWS = 300_001;

  @TempDir Path folder;

  @Test
  void isZeroWritableAndWithoutAFileThatAnyoneSees() throws IOException {
    try (FloatTensor tensor = Scratch.allocate(folder, ROWS, 2)) {
      assertEquals(List.of(), files());
      assertEquals(0, tensor.get(0));
      assertEquals(0, tensor.get(2 * ROWS - 1));
      tensor.set(2 * ROWS - 1, 3);
      assertEquals(3, tensor.get(2 * ROWS - 1));
    }
    assertEquals(List.of(), files());
  }

  @Test
  void aFolderThatIsMissingIsNamed() {
    Path none = folder.resolve("none");
    InvpException failure =
        assertThrows(InvpException.class, () -> Scratch.allocate(none, ROWS, 2));
    assertTrue(
        failure.getMessage().contains(none + ": no such file or folder"), failure.toString());
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
