package org.invp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir Path folder;

  @Test
  void replacesTheWholeContent() throws IOException {
    Path path = Files.writeString(folder.resolve("file"), "a long old content");
    AtomicFile.writeString(path, "new");
    assertEquals("new", Files.readString(path));
    assertEquals(List.of(path), files());
  }

  @Test
  void anErrorHalfWayKeepsTheOldContentAndLeavesNothingBehind() throws IOException {
    Path path = Files.writeString(folder.resolve("file"), "old");
    InvpException failure =
        assertThrows(
            InvpException.class,
            () ->
                AtomicFile.write(
                    path,
                    channel -> {
                      channel.write(ByteBuffer.wrap(new byte[100]));
                      throw new IOException("broken\ndisk");
                    }));
    assertEquals(
        "could not write %s: broken disk; what was there before is unchanged".formatted(path),
        failure.getMessage());
    assertEquals("old", Files.readString(path));
    assertEquals(List.of(path), files());
  }

  @Test
  void aBugInTheWriterLeavesNothingBehindEither() throws IOException {
    Path path = folder.resolve("file");
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFile.write(
                path,
                channel -> {
                  throw new IllegalStateException();
                }));
    assertEquals(List.of(), files());
  }

  @Test
  void aMissingFolderIsNamed() {
    Path path = folder.resolve("none/file");
    InvpException failure =
        assertThrows(InvpException.class, () -> AtomicFile.writeString(path, "text"));
    assertTrue(failure.getMessage().contains("none/file: no such file or folder"));
  }

  @Test
  void clearsOnlyTemporaryFilesOfThatTarget() throws IOException {
    Path mine = Files.createFile(folder.resolve(".file.1a2b.tmp"));
    Path other = Files.createFile(folder.resolve(".elsewhere.1a2b.tmp"));
    AtomicFile.removeLeftovers(folder.resolve("file"));
    assertEquals(List.of(other), files());
    assertTrue(Files.notExists(mine));
  }

  @Test
  void anAliasIsAFurtherNameOfTheOldContent() throws IOException {
    Path first = Files.writeString(folder.resolve("first"), "one");
    Path second = Files.writeString(folder.resolve("second"), "older");
    AtomicFile.alias(first, second);
    AtomicFile.writeString(first, "two");
    assertEquals("one", Files.readString(second));
    assertEquals(Set.of(first, second), Set.copyOf(files()));
  }

  @Test
  void anAliasThatExistsAlreadyLeavesNothingBehind() throws IOException {
    Path first = Files.writeString(folder.resolve("first"), "one");
    Path second = folder.resolve("second");
    AtomicFile.alias(first, second);
    AtomicFile.alias(first, second);
    assertEquals("one", Files.readString(second));
    assertEquals(Set.of(first, second), Set.copyOf(files()));
  }

  @Test
  void whatRunsBeforeTheRenameSeesTheNewContentBesideTheOld() {
    Path path = folder.resolve("file");
    AtomicFile.writeString(path, "old");
    List<String> seen = new ArrayList<>();
    AtomicFile.write(
        path,
        channel -> channel.write(ByteBuffer.wrap("new".getBytes(StandardCharsets.UTF_8))),
        temporary -> {
          seen.add(Files.readString(temporary));
          seen.add(Files.readString(path));
        });
    assertEquals(List.of("new", "old"), seen);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
