package org.invp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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
  void ofALinkTheFileThatItNamesIsReplaced() throws IOException {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Path file = Files.writeString(elsewhere.resolve("file"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere/file"));
    Path second = Files.createSymbolicLink(folder.resolve("second"), link);
    AtomicFile.writeString(second, "new");
    assertEquals("new", Files.readString(file));
    Files.delete(file);
    AtomicFile.writeString(second, "where nothing was");
    assertEquals("where nothing was", Files.readString(file));
    assertTrue(Files.isSymbolicLink(link) && Files.isSymbolicLink(second));
    assertEquals(List.of(file), list(elsewhere));
    Path round = Files.createSymbolicLink(folder.resolve("round"), Path.of("round"));
    assertThrows(InvpException.class, () -> AtomicFile.writeString(round, "x"));
  }

  @Test
  @Timeout(60)
  void aPipeStaysAPipe() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    CompletableFuture<String> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readString(pipe);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    AtomicFile.writeString(pipe, "through");
    assertEquals("through", read.get());
    assertTrue(Files.readAttributes(pipe, BasicFileAttributes.class).isOther());
    assertEquals(List.of(pipe), files());
  }

  @Test
  void aDeviceStaysADevice() throws Exception {
    Path device = folder.resolve("null");
    assumeTrue(
        new ProcessBuilder("mknod", device.toString(), "c", "1", "3").start().waitFor() == 0,
        "only root makes devices");
    AtomicFile.writeString(device, "nowhere");
    assertTrue(Files.readAttributes(device, BasicFileAttributes.class).isOther());
  }

  @Test
  void whatNamesNoFileIsRefused() {
    assertEquals(
        "\"\" names no file",
        assertThrows(InvpException.class, () -> AtomicFile.writeString(Path.of(""), "x"))
            .getMessage());
    assertEquals(
        "could not write %s: it is a folder".formatted(folder),
        assertThrows(InvpException.class, () -> AtomicFile.writeString(folder, "x")).getMessage());
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
    List<Path> others =
        List.of(
            Files.createFile(folder.resolve(".elsewhere.1a2b.tmp")),
            Files.createDirectory(folder.resolve(".file.1a2c.tmp")),
            Files.createFile(folder.resolve(".file.of mine.tmp")),
            Files.createSymbolicLink(folder.resolve(".file.1a2d.tmp"), mine));
    AtomicFile.removeLeftovers(folder.resolve("file"));
    assertEquals(Set.copyOf(others), Set.copyOf(files()));
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
    return list(folder);
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
