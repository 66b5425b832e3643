package org.invp.data.sets;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Cub200Test {
  private static final String ROOT = "CUB_200_2011/";
  private static final String ALBATROSS =
      "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg";
  private static final String OTHER_ALBATROSS =
      "001.Black_footed_Albatross/Black_Footed_Albatross_0009_34.jpg";
  private static final String YELLOWTHROAT =
      "200.Common_Yellowthroat/Common_Yellowthroat_0003_190521.jpg";

  @TempDir Path folder;
  private Layout layout;

  @BeforeEach
  void writeThreeImages() {
    layout = new Layout(folder);
    layout.images(
        ROOT + "images/" + ALBATROSS,
        ROOT + "images/" + OTHER_ALBATROSS,
        ROOT + "images/" + YELLOWTHROAT);
    layout.text(
        ROOT + "images.txt",
        "1 %s\n2 %s\n3 %s\n".formatted(ALBATROSS, OTHER_ALBATROSS, YELLOWTHROAT));
    layout.text(ROOT + "image_class_labels.txt", "1 1\n2 1\n3 2\n");
    layout.text(ROOT + "train_test_split.txt", "1 0\n2 1\n3 1\n");
    layout.text(ROOT + "classes.txt", "1 001.Black_footed_Albatross\n2 200.Common_Yellowthroat\n");
  }

  private void assertTrainRefused(Object... words) {
    assertInvalid(() -> Cub200.open(folder, Split.TRAIN), words);
  }

  @Test
  void splitsAsTheTableSays() {
    FileDataset train = Cub200.open(folder, Split.TRAIN);
    assertArrayEquals(
        new String[] {OTHER_ALBATROSS, YELLOWTHROAT},
        Layout.files(train, layout.at(ROOT + "images")));
    assertArrayEquals(new int[] {0, 1}, train.labels());
    assertEquals(
        List.of("001.Black_footed_Albatross", "200.Common_Yellowthroat"), train.classNames());
    FileDataset test = Cub200.open(layout.at("CUB_200_2011"), Split.TEST);
    assertArrayEquals(new String[] {ALBATROSS}, Layout.files(test, layout.at(ROOT + "images")));
  }

  @Test
  void namesWhatIsMissing() {
    layout.delete(ROOT + "images/" + YELLOWTHROAT);
    assertTrainRefused(YELLOWTHROAT, "no such file", "images.txt, line 3");
    layout.delete(ROOT + "train_test_split.txt");
    assertTrainRefused(layout.at(ROOT + "train_test_split.txt"), "no such file", "CUB-200-2011");
    layout.delete(ROOT + "images.txt");
    assertTrainRefused(layout.at("images.txt"), layout.at(ROOT + "images.txt"));
  }

  @Test
  void refusesTablesThatDoNotFit() {
    layout.text(ROOT + "image_class_labels.txt", "1 1\n2 1\n3 3\n");
    assertTrainRefused("image_class_labels.txt, line 3", "1 to 2");
    layout.text(ROOT + "image_class_labels.txt", "1 1\n2 1\n");
    assertTrainRefused("images.txt, line 3", "other tables");
    layout.text(ROOT + "train_test_split.txt", "1 0\n2 yes\n3 1\n");
    assertTrainRefused("train_test_split.txt, line 2", "0 to 1");
    layout.text(ROOT + "images.txt", "1 ../../x.jpg\n");
    layout.text(ROOT + "train_test_split.txt", "1 1\n");
    assertTrainRefused("images.txt, line 1", "leads out");
  }
}
