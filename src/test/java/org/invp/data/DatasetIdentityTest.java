package org.invp.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.data.sets.ListedImages;
import org.invp.io.Fingerprint;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetIdentityTest {
  @TempDir Path temp;
  private Path one;
  private Path two;

  @BeforeEach
  void twoCopies() throws IOException {
    one = images(temp.resolve("one"));
    two = images(temp.resolve("elsewhere").resolve("two"));
  }

  private static Path images(Path folder) throws IOException {
    for (String name : new String[] {"cat/a.png", "cat/b.png", "dog/a.png"}) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, name);
    }
    return folder;
  }

  @Test
  void copiesAreOneDataSetWhereverTheyLie() {
    assertEquals(ofCopy(one), ofCopy(two));
    assertNotEquals(inPlace(one), inPlace(two));
  }

  @Test
  void aFileOfAnotherNameOrSizeMakesAnotherDataSet() throws IOException {
    Files.writeString(two.resolve("dog/a.png"), "longer than before");
    assertNotEquals(ofCopy(one), ofCopy(two));
    Files.writeString(two.resolve("dog/a.png"), "dog/a.png");
    assertEquals(ofCopy(one), ofCopy(two));
    Files.move(two.resolve("cat/b.png"), two.resolve("cat/c.png"));
    assertNotEquals(ofCopy(one), ofCopy(two));
  }

  @Test
  void anotherClassMakesAnotherDataSet() throws IOException {
    Files.move(two.resolve("dog"), two.resolve("fox"));
    assertNotEquals(ofCopy(one), ofCopy(two));
  }

  /** {@code data.images} may lead out of the data set's folder; both may move. */
  @Test
  void imagesThatLieElsewhereCountFromTheirOwnFolder() throws IOException {
    assertEquals(ofLists("lists", one), ofLists("moved", two));
    Files.move(two.resolve("cat/b.png"), two.resolve("cat/c.png"));
    assertNotEquals(ofLists("lists", one), ofLists("again", two, "cat/c.png"));
  }

  private String ofLists(String name, Path images, String... last) throws IOException {
    Path folder = Files.createDirectories(temp.resolve(name));
    String second = last.length == 0 ? "cat/b.png" : last[0];
    Files.writeString(folder.resolve("list.txt"), "cat/a.png 0\n" + second + " 0\ndog/a.png 1\n");
    FormatOptions.Lists lists =
        new FormatOptions.Lists("list.txt", "list.txt", images.toString(), null);
    try (ImageDataset listed = ListedImages.open(folder, Split.TRAIN, lists);
        ImageDataset part = listed.select(0, 1)) {
      return DatasetIdentity.copy(listed, List.of(folder)).digest()
          + DatasetIdentity.copy(part, List.of(folder)).digest();
    }
  }

  private static String ofCopy(Path folder) {
    try (ImageDataset images = FolderDataset.open(folder)) {
      Fingerprint fingerprint = new Fingerprint();
      DatasetIdentity.addCopyTo(fingerprint, images, List.of(folder));
      return fingerprint.hex();
    }
  }

  private static String inPlace(Path folder) {
    try (ImageDataset images = FolderDataset.open(folder)) {
      Fingerprint fingerprint = new Fingerprint();
      DatasetIdentity.addTo(fingerprint, images);
      return fingerprint.hex();
    }
  }
}
