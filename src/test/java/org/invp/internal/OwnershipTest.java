package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnershipTest {
  private static final Ownership OWNERSHIP = Ownership.ofThisProcess();

  @TempDir Path temporary;
  private Path file;

  @BeforeEach
  void writeAFile() throws IOException {
    temporary = temporary.toRealPath();
    file = Files.createDirectory(temporary.resolve("folder")).resolve("file");
    Files.writeString(file, "code");
    permit(file.getParent(), "rwxr-xr-x");
    permit(file, "rw-r--r--");
  }

  @Test
  void thereIsNoObjectionToWhatThisUserAloneCanChange() throws IOException {
    assertEquals(Optional.empty(), OWNERSHIP.objection(file));
  }

  @Test
  void aFileThatOthersMayWriteIsNamedWithItsMode() throws IOException {
    permit(file, "rw-rw-rw-");
    assertEquals(
        Optional.of(file + " can be written by other users (mode 666)"), OWNERSHIP.objection(file));
  }

  @Test
  void soIsAFolderAboveItInWhichOthersMayReplaceIt() throws IOException {
    permit(file.getParent(), "rwxrwxrwx");
    assertEquals(
        Optional.of(file.getParent() + " can be written by other users (mode 777)"),
        OWNERSHIP.objection(file));
  }

  @Test
  void inAFolderWithTheStickyBitOthersCannotReplaceIt() throws IOException {
    Files.setAttribute(file.getParent(), "unix:mode", 01777);
    assertEquals(Optional.empty(), OWNERSHIP.objection(file));
  }

  @Test
  void aLinkIsFollowedThroughTheFoldersOfOthers() throws IOException {
    Path link = Files.createSymbolicLink(temporary.resolve("link"), file.getParent());
    Path second = Files.createSymbolicLink(temporary.resolve("second"), Path.of("link", "file"));
    assertEquals(Optional.empty(), OWNERSHIP.objection(link.resolve("file")));
    permit(file.getParent(), "rwxrwxrwx");
    assertEquals(
        Optional.of(file.getParent() + " can be written by other users (mode 777)"),
        OWNERSHIP.objection(second));
  }

  @Test
  void aCircleOfLinksIsAnError() throws IOException {
    Path link = Files.createSymbolicLink(temporary.resolve("a"), temporary.resolve("b"));
    Files.createSymbolicLink(temporary.resolve("b"), link);
    assertThrows(IOException.class, () -> OWNERSHIP.objection(link));
  }

  @Test
  void whatIsNotThereIsAnError() {
    assertThrows(
        NoSuchFileException.class, () -> OWNERSHIP.objection(file.resolveSibling("other")));
  }

  @Test
  void filesOfAnotherUserAreNamedUnlessTheirCodeRuns() throws IOException {
    assumeRoot();
    Files.setAttribute(file, "unix:uid", 12345);
    assertEquals(
        Optional.of(file + " belongs to another user, number 12345"), OWNERSHIP.objection(file));
    assertEquals(Optional.empty(), OWNERSHIP.andOwnerOf(file).objection(file));
  }

  @Test
  void aGroupOfOthersIsOthersButNotTheUsersOwn() throws IOException {
    assumeRoot();
    permit(file, "rw-rw-r--");
    assertEquals(Optional.empty(), OWNERSHIP.objection(file));
    Files.setAttribute(file, "unix:gid", 12345);
    assertEquals(
        Optional.of(file + " can be written by other users (mode 664)"), OWNERSHIP.objection(file));
  }

  private static void assumeRoot() {
    assumeTrue(Ownership.user() == 0, "only root can give files to others");
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }
}
