package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderDatasetTest {
  @TempDir Path folder;

  @BeforeEach
  void writeTwoClasses() {
    write(folder.resolve("train/zebra/b.jpg"), fixture("baseline.jpg"));
    write(folder.resolve("train/zebra/a.PNG"), fixture("colour.png"));
    write(folder.resolve("train/ant/more/c.jpeg"), fixture("luminance.jpg"));
    write(folder.resolve("train/ant/x.jpg"), fixture("progressive.jpg"));
    write(folder.resolve("val/zebra/v.jpg"), fixture("baseline.jpg"));
  }

  @Test
  void ordersClassesAndFilesByName() {
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    assertEquals(List.of("ant", "zebra"), dataset.classNames());
    assertArrayEquals(new int[] {0, 0, 1, 1}, dataset.labels());
    assertEquals(folder.resolve("train/ant/more/c.jpeg"), dataset.path(0));
    assertEquals(folder.resolve("train/ant/x.jpg"), dataset.path(1));
    assertEquals(folder.resolve("train/zebra/a.PNG").toString(), dataset.describe(2));
  }

  @Test
  void labelsTheOtherSplitByTheTrainingClasses() {
    FolderDataset dataset = FolderDataset.open(folder, Split.TEST);
    assertArrayEquals(new int[] {1}, dataset.labels());
    assertEquals(2, dataset.classes());
  }

  @Test
  void takesAPlainFolderOfClasses() {
    assertEquals(4, FolderDataset.open(folder.resolve("train")).size());
  }

  @Test
  void handsJpegOnAndDecodesPng() {
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    try (ImageBuffer buffer = new ImageBuffer()) {
      dataset.read(1, buffer);
      assertTrue(buffer.isJpeg());
      assertArrayEquals(fixture("progressive.jpg"), Samples.bytes(buffer));
      dataset.read(2, buffer);
      assertFalse(buffer.isJpeg());
      assertEquals(37, buffer.height());
      assertEquals(50, buffer.width());
    }
  }

  @Test
  void passesOverWhatIsNoImage() {
    write(folder.resolve("train/ant/.hidden.jpg"), new byte[1]);
    write(folder.resolve("train/ant/Thumbs.db"), new byte[1]);
    write(folder.resolve("train/readme.txt"), new byte[1]);
    assertEquals(4, FolderDataset.open(folder, Split.TRAIN).size());
  }

  @Test
  void refusesAnEmptyClassFolder() throws IOException {
    Files.createDirectory(folder.resolve("train/empty"));
    assertInvalid(() -> FolderDataset.open(folder, Split.TRAIN), "train/empty", "no images");
  }

  @Test
  void refusesAFolderWithoutClasses() throws IOException {
    Path bare = Files.createDirectory(folder.resolve("bare"));
    write(bare.resolve("image.jpg"), fixture("baseline.jpg"));
    assertInvalid(() -> FolderDataset.open(bare), "bare", "expected one per class");
  }

  @Test
  void namesAMissingFolder() {
    Path nowhere = folder.resolve("nowhere");
    assertInvalid(
        () -> FolderDataset.open(nowhere, Split.TRAIN), nowhere.resolve("train"), "no such file");
    assertInvalid(() -> FolderDataset.open(nowhere, Split.TEST), nowhere.resolve("val"));
  }

  @Test
  void refusesAnUnknownImageType() {
    write(folder.resolve("train/ant/odd.heic"), new byte[8]);
    assertInvalid(
        () -> FolderDataset.open(folder, Split.TRAIN), "odd.heic", "unknown image type", "PNG");
  }

  @Test
  void refusesAClassThatTrainingDoesNotHave() {
    write(folder.resolve("val/cat/v.jpg"), fixture("baseline.jpg"));
    assertInvalid(() -> FolderDataset.open(folder, Split.TEST), "val/cat", "train");
  }

  @Test
  void namesAFileThatVanished() throws IOException {
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    Files.delete(folder.resolve("train/ant/x.jpg"));
    try (ImageBuffer buffer = new ImageBuffer()) {
      assertInvalid(() -> dataset.read(1, buffer), "train/ant/x.jpg", "no such file");
    }
  }
}
