package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.CudaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaLibrariesTest {
  @TempDir Path temporary;

  @Test
  void withoutADriverOneLineSaysWhatWasLookedFor() {
    CudaException e =
        assertThrows(
            CudaException.class, () -> CudaLibraries.requireDriver("libcuda-that-is-not.so.1"));
    assertTrue(
        e.getMessage().startsWith("no CUDA driver: looked for libcuda-that-is-not.so.1 "),
        e.getMessage());
    assertTrue(e.getMessage().endsWith("or use --device cpu"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void aFolderThatIsAskedForIsTheOnlyPlace() {
    assertEquals(
        List.of(new LibraryPlaces.Folder(temporary, "-Dinvp.cuda")),
        CudaLibraries.runtimePlaces(temporary.toString(), "/home/of/cuda", "/some/path"));
  }

  @Test
  void theToolkitComesBeforeTheClassPathAndThatBeforeTheSystem() throws IOException {
    Path lib64 = Files.createDirectory(temporary.resolve("lib64"));
    List<LibraryPlaces.Place> places =
        CudaLibraries.runtimePlaces(null, temporary.toString(), "/some/path");
    assertEquals(new LibraryPlaces.Folder(lib64, "CUDA_HOME"), places.get(0));
    assertInstanceOf(LibraryPlaces.ClassPath.class, places.get(1));
    assertEquals(new LibraryPlaces.Folder(Path.of("/some/path"), "LD_LIBRARY_PATH"), places.get(2));
    assertEquals(
        new LibraryPlaces.Folder(Path.of("/usr/local/cuda/lib64"), "system"), places.get(3));
  }
}
