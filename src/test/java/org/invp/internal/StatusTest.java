package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.NativeMemoryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class StatusTest {
  private static final Path INCLUDE = Path.of("native", "include", "invp");

  @Test
  void successIsNotAnException() {
    assertDoesNotThrow(() -> Status.check(Status.OK, Room.BANK));
  }

  @Test
  void anArgumentOutOfRangeIsAnIllegalArgument() {
    assertException(
        IllegalArgumentException.class, "rows must be at least 1", Status.INVALID_ARGUMENT);
  }

  @Test
  void lackOfMemoryHasItsOwnException() {
    assertException(NativeMemoryException.class, "rows must be at least 1", Status.OUT_OF_MEMORY);
  }

  @Test
  void unusableDataHasItsOwnException() {
    assertException(InvalidDataException.class, "rows must be at least 1", Status.INVALID_DATA);
  }

  @Test
  void aFailureOfALibraryKeepsItsMessage() {
    assertException(InvpException.class, "rows must be at least 1", Status.BACKEND_FAILURE);
  }

  @Test
  void anInternalErrorNamesTheLibrary() {
    assertException(
        InvpException.class,
        "internal error in libinvp_bank.so: rows must be at least 1",
        Status.INTERNAL_ERROR);
  }

  @Test
  void anUnknownCodeIsNamed() {
    assertException(
        InvpException.class, "unknown status 77 from libinvp_bank.so: rows must be at least 1", 77);
  }

  @ParameterizedTest
  @CsvSource({
    "INVP_OK, 0",
    "INVP_INVALID_ARGUMENT, 1",
    "INVP_OUT_OF_MEMORY, 2",
    "INVP_INVALID_DATA, 3",
    "INVP_BACKEND_FAILURE, 4",
    "INVP_INTERNAL_ERROR, 5"
  })
  void codesAreThoseOfTheHeader(String name, int code) {
    assertEquals(code, new Header(INCLUDE.resolve("status.h")).constant(name));
  }

  @ParameterizedTest
  @EnumSource(Room.class)
  void abiVersionsAreThoseOfTheHeaders(Room room) {
    Header header = new Header(INCLUDE.resolve(room.header()));
    assertEquals(header.constant("INVP_" + room.name() + "_ABI_VERSION"), room.abiVersion());
  }

  private static void assertException(
      Class<? extends RuntimeException> type, String message, int status) {
    RuntimeException e = Status.exception(status, "rows must be at least 1", Room.BANK);
    assertEquals(type, e.getClass());
    assertEquals(message, e.getMessage());
  }
}
