package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
  void theClassPathComesBeforeTheBuildTree() {
    List<LibraryPlaces.Place> places = LibraryPlaces.of(FakeLibraries.SET, null, null);
    assertInstanceOf(LibraryPlaces.ClassPath.class, places.getFirst());
    Path code = Path.of("target", "classes").toAbsolutePath();
    Path tree = Path.of("build", "fake").toAbsolutePath();
    assertEquals(
        List.of(new LibraryPlaces.BuildTree(tree, code)), places.subList(1, places.size()));
  }

  @Test
  void codeThatLiesInNoBuildTreeHasNone() {
    for (String code : List.of("/opt/invp/lib/invp-trainer.jar", "/srv/app/WEB-INF/classes")) {
      assertEquals(List.of(), LibraryPlaces.buildTrees(FakeLibraries.SET, Path.of(code)));
    }
    assertEquals(List.of(), LibraryPlaces.buildTrees(FakeLibraries.SET, null));
  }

  @Test
  void aBuildTreeThatOthersMayWriteToIsRefused() throws IOException {
    Path code = Files.createDirectories(temporary.resolve("project/target/classes"));
    Path tree = Files.createDirectories(temporary.resolve("project/build/fake"));
    Files.setPosixFilePermissions(tree, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<LibraryPlaces.Place> places = LibraryPlaces.buildTrees(FakeLibraries.SET, code);
    String message = failure(places);
    assertTrue(
        message.contains(
            tree + " (build tree): " + tree + " can be written by other users (mode 777)"),
        message);
  }

  @Test
  void aLibraryOfWhichAProcessHasOneIsOpenedOnce() throws Exception {
    Path first = Files.createDirectory(temporary.resolve("first"));
    Path second = Files.createDirectory(temporary.resolve("second"));
    Path library = compile(first, "libinvp_test_one.so");
    Files.copy(library, second.resolve("libinvp_test_one.so"));
    LibrarySet set = set("libinvp_test_one.so", LibrarySet.Opening.ONE);

    assertEquals(first, LibraryLoader.load(set, List.of(place(first))));
    assertEquals(first, LibraryLoader.load(set, List.of(place(second))));
    assertTrue(OpenLibraries.keep(second.resolve("libinvp_test_one.so").toString()).isEmpty());
  }

  @Test
  void partsOfTwoBuildsAreNotMixed() throws Exception {
    compile(temporary, "libinvp_test_part.so");
    LibraryLoader.load(
        set("libinvp_test_part.so", LibrarySet.Opening.ONE), List.of(place(temporary)));
    LibrarySet both =
        new LibrarySet(
            "both parts",
            "invp.fake",
            null,
            List.of(
                new LibrarySet.Member("libinvp_test_part.so", "x", true),
                new LibrarySet.Member("libinvp_test_other.so", "y", true)),
            LibrarySet.Opening.ONE,
            Path.of("build", "fake"),
            "run 'make fake'");
    NativeLibraryException e =
        assertThrows(
            NativeLibraryException.class,
            () -> LibraryLoader.load(both, List.of(place(temporary))));
    assertEquals(
        "cannot load both parts; tried "
            + temporary.toRealPath().resolve("libinvp_test_part.so")
            + " is open in this process without the libraries that go with it; run 'make fake'",
        e.getMessage());
  }

  private static LibrarySet set(String file, LibrarySet.Opening opening) {
    return new LibrarySet(
        file,
        "invp.fake",
        null,
        List.of(new LibrarySet.Member(file, file, true)),
        opening,
        Path.of("build", "fake"),
        "run 'make fake'");
  }

  private static LibraryPlaces.Place place(Path folder) {
    return new LibraryPlaces.Folder(folder, "test");
  }

  private static Path compile(Path folder, String name) throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("one.c"), "int one(void) { return 1; }\n");
    Path library = folder.resolve(name);
    Process gcc =
        new ProcessBuilder(
                "gcc",
                "-shared",
                "-fPIC",
                "-Wl,-soname," + name,
                "-o",
                library.toString(),
                source.toString())
            .inheritIO()
            .start();
    assertEquals(0, gcc.waitFor());
    return library;
  }

  private static String failure(List<LibraryPlaces.Place> places) {
    return assertThrows(
            NativeLibraryException.class, () -> LibraryLoader.load(FakeLibraries.SET, places))
        .getMessage();
  }
}
