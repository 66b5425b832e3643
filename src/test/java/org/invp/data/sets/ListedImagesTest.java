package org.invp.data.sets;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.invp.data.DataFormat;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.FileDataset;
import org.invp.data.FormatOptions;
import org.invp.data.ImageBuffer;
import org.invp.data.ImageDataset;
import org.invp.data.NoTestSetException;
import org.invp.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListedImagesTest {
  @TempDir Path folder;
  private Layout layout;
  private FormatOptions.Lists options =
      new FormatOptions.Lists("train.txt", "test.txt", null, null);

  @BeforeEach
  void writeLists() {
    layout = new Layout(folder);
    layout.images("a/one.jpg", "a/two words.jpg", "b/three.jpg");
    layout.text("train.txt", "a/one.jpg 0\na/two words.jpg 2\n");
    layout.text("test.txt", "b/three.jpg 1\n");
  }

  private FileDataset open(Split split) {
    return ListedImages.open(folder, split, options);
  }

  private void assertTrainRefused(String list, Object... words) {
    layout.text("train.txt", list);
    assertInvalid(() -> open(Split.TRAIN), words);
  }

  @Test
  void bothListsTogetherSayHowManyClassesThereAre() {
    assertArrayEquals(new int[] {0, 2}, open(Split.TRAIN).labels());
    assertArrayEquals(new int[] {1}, open(Split.TEST).labels());
    assertEquals(List.of("0", "1", "2"), open(Split.TEST).classNames());
  }

  @Test
  void pathsMayHoldBlanksAndBeQuotedAndLinesEndAsOnWindows() {
    layout.image("a/x, y.jpg");
    layout.text(
        "train.txt", "\uFEFFa/two words.jpg\t7\r\n\r\n\"a/x, y.jpg\", 3\r\n a/one.jpg,0 \r\n");
    FileDataset dataset = open(Split.TRAIN);
    assertArrayEquals(
        new String[] {"a/two words.jpg", "a/x, y.jpg", "a/one.jpg"}, Layout.files(dataset, folder));
    assertArrayEquals(new int[] {7, 3, 0}, dataset.labels());
    try (ImageBuffer buffer = new ImageBuffer()) {
      dataset.read(0, buffer);
      assertTrue(buffer.isJpeg());
    }
  }

  @Test
  void labelsMayBeNamesOfTheClassFile() {
    options = new FormatOptions.Lists("train.txt", "test.txt", null, "classes.txt");
    layout.text("classes.txt", "ant\nbee\ncow\n");
    layout.text("train.txt", "a/one.jpg cow\na/two words.jpg 1\n");
    assertArrayEquals(new int[] {2, 1}, open(Split.TRAIN).labels());
    assertEquals(List.of("ant", "bee", "cow"), open(Split.TRAIN).classNames());
    assertTrainRefused("a/one.jpg 3\n", "train.txt, line 1", "0 to 2");
  }

  @Test
  void aListMayHaveNoLabelsAndNoListOfTestImages() {
    options = new FormatOptions.Lists("train.txt", null, null, null);
    layout.image("a/tour 2019");
    layout.text("train.txt", "a/one.jpg\na/two words.jpg\n\"b/three.jpg\"\na/tour 2019\n");
    FileDataset dataset = open(Split.TRAIN);
    assertArrayEquals(
        new String[] {"a/one.jpg", "a/two words.jpg", "b/three.jpg", "a/tour 2019"},
        Layout.files(dataset, folder));
    assertFalse(dataset.hasLabels());
    assertEquals(List.of(), dataset.classNames());
    assertThrows(NoTestSetException.class, () -> open(Split.TEST));
  }

  @Test
  void readsPlaces205AsItIsPublished() {
    String images = "data/vision/torralba/deeplearning/images256/";
    layout.images(
        images + "a/abbey/gsun_0b1.jpg",
        images + "z/zen_garden/gsun_1a2.jpg",
        images + "b/bar/gsun_2c3.jpg");
    layout.text(
        "trainvalsplit_places205/train_places205.csv",
        "a/abbey/gsun_0b1.jpg 0\nz/zen_garden/gsun_1a2.jpg 204\n");
    layout.text("trainvalsplit_places205/val_places205.csv", "b/bar/gsun_2c3.jpg 16\n");
    DataOptions places = new DataOptions(DataFormat.PLACES205, folder);
    try (ImageDataset train = Datasets.open(places, Split.TRAIN);
        ImageDataset test = Datasets.open(places, Split.TEST)) {
      assertArrayEquals(new int[] {0, 204}, train.labels());
      assertArrayEquals(new int[] {16}, test.labels());
      assertEquals(205, test.classes());
    }
  }

  @Test
  void namesTheMissingList() {
    layout.delete("train.txt");
    assertInvalid(() -> open(Split.TRAIN), layout.at("train.txt"), "no such file");
  }

  @Test
  void namesAMissingImageAndTheLineThatAsksForIt() {
    assertTrainRefused(
        "a/one.jpg 0\na/gone.jpg 1\n",
        layout.at("a/gone.jpg"),
        "no such file",
        "train.txt, line 2");
  }

  @Test
  void refusesPathsThatLeadOutOfTheFolder() {
    assertTrainRefused("../secret.jpg 0\n", "train.txt, line 1", "../secret.jpg", "leads out");
    assertTrainRefused("a/../../secret.jpg 0\n", "leads out");
    assertTrainRefused("/etc/passwd 0\n", "/etc/passwd", "leads out");
    assertTrainRefused("a/.. 0\n", "leads out");
    assertTrainRefused("a\0b.jpg 0\n", "train.txt, line 1", "no path");
  }

  @Test
  void takesDetoursThatStayInTheFolder() {
    layout.text("train.txt", "b/../a/one.jpg 0\n" + layout.at("b/three.jpg") + " 1\n");
    assertArrayEquals(
        new String[] {"a/one.jpg", "b/three.jpg"}, Layout.files(open(Split.TRAIN), folder));
  }

  @Test
  void refusesLinesThatAreNoPathAndLabel() {
    assertTrainRefused("a/one.jpg 0\na/two.jpg\n", "train.txt, line 2", "path and its label");
    assertTrainRefused("a/one.jpg\nb/three.jpg 1\n", "train.txt, line 2", "without a label");
    assertTrainRefused("a/one.jpg 0\na/one.jpg cat\n", "line 2", "path and its label");
    assertTrainRefused("a/one.jpg -1\n", "line 1", "0 to");
    assertTrainRefused("a/one.jpg 99999999999\n", "line 1", "0 to");
    assertTrainRefused("a/one.jpg 2000000000\n", "line 1", "0 to");
    assertTrainRefused("\n\n", "train.txt", "empty");
  }

  @Test
  void refusesATextThatIsNotUtf8() {
    org.invp.data.Samples.write(layout.at("train.txt"), new byte[] {'a', (byte) 0xff, ' ', '0'});
    assertInvalid(() -> open(Split.TRAIN), "train.txt", "UTF-8");
  }

  @Test
  void asksForTheLists() {
    DataOptions options = new DataOptions(DataFormat.LIST, folder);
    assertInvalid(() -> Datasets.open(options, Split.TRAIN), "data.list", "data.test_list");
  }
}
