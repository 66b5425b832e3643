package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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
  void noTemporaryFileStaysBehind() throws IOException {
    try (Stream<Path> files = Files.list(extract("a", "help", "code"))) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals(List.of("libfake.so", "libhelper.so.1"), names);
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
