package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.NativeLibraryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryLoaderTest {
  @TempDir Path temporary;

  @Test
  void everyPlaceTriedIsNamedWithItsReason() throws IOException {
    Path empty = Files.createDirectory(temporary.resolve("empty"));
    Path broken = Files.createDirectory(temporary.resolve("broken"));
    Files.writeString(broken.resolve("libfake.so"), "not a library");

    String message =
        failure(
            List.of(
                new LibraryPlaces.Folder(empty, "first"),
                new LibraryPlaces.ClassPath(),
                new LibraryPlaces.Folder(broken, "last")));

    assertTrue(
        message.startsWith("cannot load libfake.so; tried " + empty + " (first): no libfake.so; "),
        message);
    assertTrue(message.contains("class path: no native/libfake.so; "), message);
    assertTrue(message.contains(broken + " (last): "), message);
    assertTrue(
        message.contains("invalid ELF header") || message.contains("file too short"), message);
    assertTrue(message.endsWith("; run 'make fake'"), message);
    assertFalse(message.contains("\n"), message);
  }

  @Test
  void aFolderThatIsAskedForIsTheOnlyPlace() {
    List<LibraryPlaces.Place> places =
        LibraryPlaces.of(FakeLibraries.SET, temporary.toString(), "/from/environment");
    assertEquals(List.of(new LibraryPlaces.Folder(temporary, "-Dinvp.fake")), places);
  }

  @Test
  void theEnvironmentIsAskedNext() throws IOException {
    Path lib = Files.createDirectory(temporary.resolve("lib"));
    List<LibraryPlaces.Place> places =
        LibraryPlaces.of(FakeLibraries.SET, null, temporary.toString());
    assertEquals(List.of(new LibraryPlaces.Folder(lib, "INVP_FAKE")), places);
  }

  @Test
  void theClassPathComesBeforeBuildTrees() {
    List<LibraryPlaces.Place> places = LibraryPlaces.of(FakeLibraries.SET, null, null);
    assertInstanceOf(LibraryPlaces.ClassPath.class, places.getFirst());
    Path working = Path.of("").toAbsolutePath();
    assertEquals(
        new LibraryPlaces.Folder(working.resolve("build/fake"), "build tree"), places.get(1));
  }

  private static String failure(List<LibraryPlaces.Place> places) {
    return assertThrows(
            NativeLibraryException.class, () -> LibraryLoader.load(FakeLibraries.SET, places))
        .getMessage();
  }
}
