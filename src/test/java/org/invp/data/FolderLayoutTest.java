package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import org.invp.data.FormatOptions.Folders.Labels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FolderLayoutTest {
  @TempDir Path folder;

  private void images(String... names) {
    for (String name : names) {
      write(folder.resolve(name), fixture("colour.png"));
    }
  }

  private FolderDataset open(Split split, Labels labels, String... roots) {
    List<Path> folders = List.of(roots).stream().map(folder::resolve).toList();
    return FolderDataset.open(folders, split, labels);
  }

  private FolderDataset train(String... roots) {
    return open(Split.TRAIN, Labels.AUTO, roots);
  }

  @ParameterizedTest
  @CsvSource({
    "x.png y.png z.png,none",
    "train/x.png train/y.png,none",
    "train/all/x.png train/all/y.png,none",
    "all/x.png all/y.png,none",
    "2019/x.png 2020/may/y.png,none",
    "2019/may/x.png 2020/may/y.png,none",
    "train/ant/x.png train/bee/y.png train/z.png,none",
    "ant/x.png bee/y.png,ant bee",
    "train/ant/x.png train/bee/y.png,ant bee",
    "train/ant/x.png train/bee/deep/y.png val/ant/z.png,ant bee",
    "train/ant/x.png test/ant/z.png,ant",
    "train/x.png val/ant/z.png,none",
    "train/x.png val/y.png,none"
  })
  void noClassIsMadeUp(String names, String classes) {
    images(names.split(" "));
    FolderDataset dataset = train("");
    assertEquals(
        classes.equals("none") ? List.of() : List.of(classes.split(" ")), dataset.classNames());
    assertEquals(!classes.equals("none"), dataset.hasLabels());
  }

  @Test
  void theSettingDecidesWhereTheLayoutDoesNot() {
    images("2019/x.png", "2020/may/y.png");
    assertEquals(List.of("2019", "2020"), open(Split.TRAIN, Labels.FOLDERS, "").classNames());
    images("train/ant/x.png", "train/bee/y.png", "val/ant/z.png");
    assertEquals(List.of(), open(Split.TRAIN, Labels.NONE, "").classNames());
    FolderDataset test = open(Split.TEST, Labels.NONE, "");
    assertEquals(1, test.size());
    assertFalse(test.hasLabels());
  }

  @Test
  void withoutATestSetThereIsNone() {
    images("train/ant/x.png", "train/bee/y.png");
    assertThrows(NoTestSetException.class, () -> open(Split.TEST, Labels.AUTO, ""));
  }

  @Test
  void aTestSetWithoutFoldersHasNoLabels() {
    images("train/ant/x.png", "train/bee/y.png", "val/z.png");
    assertEquals(List.of("ant", "bee"), train("").classNames());
    assertFalse(open(Split.TEST, Labels.AUTO, "").hasLabels());
  }

  @Test
  void imagesBesideClassesAreRefused() {
    images("train/ant/x.png", "train/bee/y.png", "train/z.png", "val/ant/z.png");
    assertInvalid(() -> train(""), "train/z.png", "data.labels: none");
  }

  @Test
  void severalFoldersAreOneDataSet() {
    images("a/ant/1.png", "a/bee/2.png", "b/train/bee/3.png", "b/train/cow/4.png");
    FolderDataset dataset = train("b", "a");
    assertEquals(List.of("ant", "bee", "cow"), dataset.classNames());
    assertArrayEquals(new int[] {1, 2, 0, 1}, dataset.labels());
    assertEquals(folder.resolve("b/train/bee/3.png").toString(), dataset.describe(0));
    images("a/val/ant/5.png", "b/val/cow/6.png", "a/train/ant/7.png");
    FolderDataset test = open(Split.TEST, Labels.AUTO, "b", "a");
    assertArrayEquals(new int[] {2, 0}, test.labels());
    assertEquals(3, train("b", "a").size());
  }

  @Test
  void foldersWithinEachOtherAreRefused() {
    images("a/1.png", "a/b/2.png");
    assertInvalid(() -> train("a", "a/b"), "a/b", "would count twice");
    assertInvalid(() -> train("a/b/..", "a"), "would count twice");
    assertInvalid(() -> train("a", "nowhere"), "nowhere", "no such file");
  }

  @Test
  void oneFolderAmongSeveralThatHasNothingIsNamed() {
    images("a/1.png");
    write(folder.resolve("b/readme.txt"), new byte[1]);
    assertInvalid(() -> train("a", "b"), folder.resolve("b"), "no images");
  }
}
