package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryCacheTest {
  @TempDir Path temporary;

  @Test
  void librariesAreExtractedWithTheirContent() throws IOException {
    Path folder = extract("a", "help", "code");
    assertEquals("help", Files.readString(folder.resolve("libhelper.so.1")));
    assertEquals("code", Files.readString(folder.resolve("libfake.so")));
  }

  @Test
  void whatIsExtractedAlreadyIsLeftAlone() throws IOException {
    Path library = extract("a", "help", "code").resolve("libfake.so");
    FileTime longAgo = FileTime.fromMillis(1_000_000_000_000L);
    Files.setLastModifiedTime(library, longAgo);
    extract("a", "help", "code");
    assertEquals(longAgo, Files.getLastModifiedTime(library));
  }

  @Test
  void otherContentGoesToAnotherFolder() throws IOException {
    assertNotEquals(extract("a", "help", "code"), extract("b", "help", "edoc"));
  }

  @Test
  void aTruncatedLibraryIsExtractedAgain() throws IOException {
    Path library = extract("a", "help", "code").resolve("libfake.so");
    Files.writeString(library, "co");
    extract("a", "help", "code");
    assertEquals("code", Files.readString(library));
  }

  @Test
  void otherBytesOfTheSameLengthAreReplaced() throws IOException {
    Path library = extract("a", "help", "code").resolve("libfake.so");
    extract("a", "help", "code");
    Files.writeString(library, "evil");
    extract("a", "help", "code");
    assertEquals("code", Files.readString(library));
  }

  @Test
  void soAreThoseThatHaveTheOldTime() throws IOException {
    Path library = extract("a", "help", "code").resolve("libfake.so");
    extract("a", "help", "code");
    FileTime time = Files.getLastModifiedTime(library);
    Files.writeString(library, "evil");
    Files.setLastModifiedTime(library, time);
    extract("a", "help", "code");
    assertEquals("code", Files.readString(library));
  }

  @Test
  void aFileThatOthersMayWriteIsReplaced() throws IOException {
    Path library = extract("a", "help", "code").resolve("libfake.so");
    Files.setPosixFilePermissions(library, PosixFilePermissions.fromString("rw-rw-rw-"));
    extract("a", "help", "code");
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(library)));
  }

  @Test
  void aLinkInTheLibrarysPlaceIsReplacedAndNotFollowed() throws IOException {
    Path library = extract("a", "help", "code").resolve("libfake.so");
    Path other = Files.writeString(temporary.resolve("other"), "code");
    Files.delete(library);
    Files.createSymbolicLink(library, other);
    extract("a", "help", "code");
    assertTrue(Files.isRegularFile(library, LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void theFolderIsTheUsersAlone() throws IOException {
    Path folder = extract("a", "help", "code");
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
  }

  @Test
  void aCacheThatOthersMayWriteToIsRefusedWithTheRemedy() throws IOException {
    Path shared = Files.createDirectory(temporary.resolve("cache"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
    IOException e = assertThrows(IOException.class, () -> extract("a", "help", "code"));
    assertTrue(
        e.getMessage().contains(shared + " can be written by other users (mode 777)"),
        e.getMessage());
    assertTrue(e.getMessage().endsWith("name another folder with -Dinvp.cache.dir=DIR"));
    try (Stream<Path> files = Files.list(shared)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void whereAnotherUserHasTheFolderThisOneHasAnother() throws IOException {
    assumeTrue(Ownership.user() == 0, "only root can give files to others");
    Path theirs = extract("a", "help", "code");
    Files.writeString(theirs.resolve("libfake.so"), "evil");
    Files.setAttribute(theirs, "unix:uid", 12345);
    Path ours = extract("a", "help", "code");
    assertEquals(temporary.resolve("cache").resolve("user-0"), ours.getParent());
    assertEquals("code", Files.readString(ours.resolve("libfake.so")));
    assertEquals("evil", Files.readString(theirs.resolve("libfake.so")));
  }

  @Test
  void noTemporaryFileStaysBehind() throws IOException {
    try (Stream<Path> files = Files.list(extract("a", "help", "code"))) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals(List.of("checked", "libfake.so", "libhelper.so.1", "lock"), names);
    }
  }

  @Test
  void whatKilledExtractionsLeftIsDeletedAndNothingElse() throws IOException {
    Path folder = extract("a", "help", "code");
    Path leftover = Files.writeString(folder.resolve("libhelper.so.1123456.partial"), "he");
    List<Path> others =
        List.of(
            Files.writeString(folder.resolve("notes.partial"), "mine"),
            Files.createDirectory(folder.resolve("libx.so1.partial")),
            Files.createSymbolicLink(folder.resolve("liby.so2.partial"), Path.of("checked")));
    extract("a", "help", "code");
    assertTrue(Files.notExists(leftover));
    for (Path other : others) {
      assertTrue(Files.exists(other, LinkOption.NOFOLLOW_LINKS), other::toString);
    }
  }

  @Test
  void whatAnotherIsExtractingNowIsLeftAlone() throws IOException {
    Path folder = extract("a", "help", "code");
    Path partial = Files.writeString(folder.resolve("libfake.so123456.partial"), "co");
    try (FileChannel lock = FileChannel.open(folder.resolve("lock"), StandardOpenOption.READ);
        FileLock held = lock.lock(0, Long.MAX_VALUE, true)) {
      assertTrue(held.isShared());
      extract("a", "help", "code");
    }
    assertTrue(Files.exists(partial));
  }

  @Test
  void theCacheIsWhereTheUserSaysOrAtHome() throws IOException {
    assertEquals(Path.of("/a"), LibraryCache.root("/a", "/b", "/c"));
    assertEquals(Path.of("here").toAbsolutePath(), LibraryCache.root("here", "/b", "/c"));
    assertEquals(Path.of("/b/invp"), LibraryCache.root(null, "/b", "/c"));
    assertEquals(Path.of("/c/.cache/invp"), LibraryCache.root(null, "relative", "/c"));
    assertEquals(Path.of("/c/.cache/invp"), LibraryCache.root("", "", "/c"));
  }

  @Test
  void aUserWithoutAHomeIsToldWhatToSet() {
    for (String home : Arrays.asList("?", "", null)) {
      IOException e = assertThrows(IOException.class, () -> LibraryCache.root(null, null, home));
      assertEquals(
          "the user has no home folder for a cache of libraries; name a folder for it with"
              + " -Dinvp.cache.dir=DIR",
          e.getMessage());
    }
  }

  @Test
  void aJarWithoutTheRequiredLibraryIsAnError() throws IOException {
    Path jar = temporary.resolve("empty.jar");
    try (URLClassLoader classPath = FakeLibraries.jar(jar, "native/libhelper.so.1", "help")) {
      IOException e =
          assertThrows(
              IOException.class,
              () -> LibraryCache.folderOf(FakeLibraries.SET, classPath, temporary));
      assertEquals("no native/libfake.so", e.getMessage());
    }
  }

  @Test
  void aCacheThatCannotBeWrittenIsNamedWithTheRemedy() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "in the way");
    Path jar = temporary.resolve("a.jar");
    try (URLClassLoader classPath = FakeLibraries.jar(jar, "native/libfake.so", "code")) {
      IOException e =
          assertThrows(
              IOException.class, () -> LibraryCache.folderOf(FakeLibraries.SET, classPath, file));
      assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
      assertTrue(e.getMessage().contains("-Dinvp.cache.dir"), e.getMessage());
    }
  }

  @Test
  void unpackedResourcesAreUsedWhereTheyLie() throws IOException {
    Path natives = Files.createDirectories(temporary.resolve("classes").resolve("native"));
    Files.writeString(natives.resolve("libfake.so"), "code");
    URL[] classes = {temporary.resolve("classes").toUri().toURL()};
    try (URLClassLoader classPath = new URLClassLoader(classes, null)) {
      assertEquals(natives, LibraryCache.folderOf(FakeLibraries.SET, classPath, temporary));
    }
  }

  private Path extract(String name, String helper, String library) throws IOException {
    Path jar = temporary.resolve(name + ".jar");
    try (URLClassLoader classPath =
        FakeLibraries.jar(jar, "native/libhelper.so.1", helper, "native/libfake.so", library)) {
      return LibraryCache.folderOf(FakeLibraries.SET, classPath, temporary.resolve("cache"));
    }
  }
}
