package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    assertInvalid(() -> FolderDataset.open(nowhere, Split.TEST), nowhere, "no such file");
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

  @Test
  void readsByContentWhatHasNoEnding() {
    write(folder.resolve("train/ant/photo"), fixture("baseline.jpg"));
    write(folder.resolve("train/ant/drawing"), fixture("colour.png"));
    write(folder.resolve("train/ant/README"), "no image".getBytes(StandardCharsets.UTF_8));
    for (String ending : new String[] {"jfif", "jpe", "JPE"}) {
      write(folder.resolve("train/ant/y." + ending), fixture("baseline.jpg"));
    }
    assertEquals(9, FolderDataset.open(folder, Split.TRAIN).size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"photo.jpg_large", "photo.jpg.bak", "photo.dat"})
  void refusesAnImageThatItsEndingHides(String name) {
    write(folder.resolve("train/ant").resolve(name), fixture("baseline.jpg"));
    assertInvalid(
        () -> FolderDataset.open(folder, Split.TRAIN), name, "an image by its content", "rename");
  }

  @Test
  void imagesThatTwoDataSetsShareAreCounted() {
    FolderDataset train = FolderDataset.open(folder, Split.TRAIN);
    assertEquals(
        Optional.empty(), SharedImages.remark(train, FolderDataset.open(folder, Split.TEST)));
    assertEquals(
        "2 of the 2 test images are training images too: how they are classified says nothing of"
            + " new ones",
        SharedImages.remark(train, train.select(3, 1)).orElseThrow());
  }

  @Test
  void countsAndNamesWhatIsHidden() {
    assertEquals(Optional.empty(), FolderDataset.open(folder, Split.TRAIN).remark());
    write(folder.resolve("train/.git/x.jpg"), fixture("baseline.jpg"));
    write(folder.resolve("train/ant/.ipynb_checkpoints/x-checkpoint.jpg"), fixture("baseline.jpg"));
    write(folder.resolve("train/ant/@eaDir/x.jpg"), fixture("baseline.jpg"));
    write(folder.resolve("train/zebra/__MACOSX/deep/x.jpg"), fixture("baseline.jpg"));
    write(folder.resolve("train/zebra/._b.jpg"), new byte[1]);
    write(folder.resolve("train/zebra/.DS_Store"), new byte[1]);
    FolderDataset dataset = FolderDataset.open(folder, Split.TRAIN);
    assertEquals(4, dataset.size());
    String remark = dataset.remark().orElseThrow();
    assertTrue(remark.startsWith("5 hidden files or folders were left out: "), remark);
    assertTrue(remark.contains("train/.git"), remark);
    assertTrue(remark.endsWith(", ..."), remark);
    assertEquals(remark, dataset.subset(2).remark().orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(strings = {"train/caf\\351", "train/ant/caf\\351.jpg"})
  void refusesANameThatIsNoText(String name) throws Exception {
    String script =
        "p=$(printf '"
            + name
            + "'); mkdir -p \"$(dirname \"$p\")\"; case $p in *.jpg) cp train/ant/x.jpg \"$p\";;"
            + " *) mkdir \"$p\"; cp train/ant/x.jpg \"$p\";; esac";
    Process made =
        new ProcessBuilder("bash", "-c", script).directory(folder.toFile()).inheritIO().start();
    assertEquals(0, made.waitFor());
    assertInvalid(
        () -> FolderDataset.open(folder, Split.TRAIN), "the name is not text in", "LC_ALL");
  }
}
