package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import org.invp.NativeLibraryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NativeLibrariesTest {
  @ParameterizedTest
  @EnumSource(value = Room.class, names = "CUDA", mode = EnumSource.Mode.EXCLUDE)
  void everyRoomLoadsAndDescribesItsBuild(Room room) {
    assertFalse(NativeLibraries.buildInfo(room).isBlank());
  }

  @Test
  void loadingTwiceIsHarmless() {
    NativeLibraries.requireBank();
    assertDoesNotThrow(NativeLibraries::requireBank);
  }

  @Test
  void librariesComeFromTheFolderThatWasAskedFor() {
    Path asked = Path.of(System.getProperty("invp.native.dir")).toAbsolutePath().normalize();
    assertEquals(asked, NativeLibraries.folder(Room.BANK));
  }

  @Test
  void anotherLibTorchIsRefused() {
    NativeLibraryException e =
        assertThrows(
            NativeLibraryException.class,
            () -> NativeLibraries.checkLibTorch("1.13.1", Path.of("/usr/lib")));
    assertEquals("LibTorch in /usr/lib is version 1.13.1, this invp needs 2.13.0", e.getMessage());
  }

  @Test
  void aBuildVariantOfTheSameLibTorchIsAccepted() {
    assertDoesNotThrow(() -> NativeLibraries.checkLibTorch("2.13.0+cpu", Path.of("/opt")));
  }
}
