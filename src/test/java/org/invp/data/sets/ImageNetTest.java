package org.invp.data.sets;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.invp.data.FileDataset;
import org.invp.data.FormatOptions;
import org.invp.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageNetTest {
  private static final String TENCH = "n01440764";
  private static final String KIT_FOX = "n02119789";
  private static final String PILLOW = "n03938244";

  @TempDir Path folder;
  private Layout layout;

  @BeforeEach
  void writeTrainingFolders() {
    layout = new Layout(folder);
    layout.images(
        "train/n03938244/n03938244_1.JPEG",
        "train/n01440764/n01440764_10026.JPEG",
        "train/n01440764/n01440764_10027.JPEG",
        "train/n02119789/n02119789_122.JPEG");
  }

  private void writeFlatValidation() {
    layout.images(
        "val/ILSVRC2012_val_00000001.JPEG",
        "val/ILSVRC2012_val_00000002.JPEG",
        "val/ILSVRC2012_val_00000003.JPEG");
  }

  private FileDataset open(Split split, String classesFile, String list) {
    return ImageNet.open(folder, split, new FormatOptions.ImageNet(classesFile, list));
  }

  private static void assertFlat(FileDataset dataset) {
    assertEquals(List.of(TENCH, KIT_FOX, PILLOW), dataset.classNames());
    assertArrayEquals(new int[] {2, 0, 1}, dataset.labels());
    assertEquals("ILSVRC2012_val_00000002.JPEG", dataset.path(1).getFileName().toString());
  }

  @Test
  void numbersClassesByTheirWordNetId() {
    layout.images("val/n03938244/ILSVRC2012_val_00000001.JPEG");
    assertArrayEquals(new int[] {0, 0, 1, 2}, open(Split.TRAIN, null, null).labels());
    assertArrayEquals(new int[] {2}, open(Split.TEST, null, null).labels());
  }

  @Test
  void aClassFileChoosesClassesInBothSplits() {
    layout.images("val/n03938244/v1.JPEG", "val/n01440764/v2.JPEG", "val/n02119789/v3.JPEG");
    layout.text("imagenet100.txt", "n03938244 pillow\r\nn02119789\r\nn03938244\r\n");
    FileDataset train = open(Split.TRAIN, "imagenet100.txt", null);
    assertEquals(List.of(KIT_FOX, PILLOW), train.classNames());
    assertArrayEquals(new int[] {0, 1}, train.labels());
    assertArrayEquals(
        new String[] {"val/n02119789/v3.JPEG", "val/n03938244/v1.JPEG"},
        Layout.files(open(Split.TEST, "imagenet100.txt", null), folder));
  }

  @Test
  void refusesAClassThatTrainingDoesNotHave() {
    layout.text("some.txt", "n03938244\nn99999999\n");
    assertInvalid(() -> open(Split.TRAIN, "some.txt", null), "some.txt, line 2", "n99999999");
  }

  @Test
  void namesBothPlacesOfAMissingClassFile() {
    assertInvalid(
        () -> open(Split.TRAIN, "nowhere.txt", null),
        layout.at("nowhere.txt"),
        "nor",
        "data.classes_file");
  }

  @Test
  void labelsAFlatValidationFolderByTheDevelopmentKit() {
    writeFlatValidation();
    String kit = "ILSVRC2012_devkit_t12/data/";
    layout.text(kit + "ILSVRC2012_validation_ground_truth.txt", "3\n2\n1\n");
    layout.copy(kit + "meta.mat", "imagenet/meta.mat");
    assertFlat(open(Split.TEST, null, null));
    layout.text(kit + "ILSVRC2012_validation_ground_truth.txt", "3\n4\n1\n");
    assertInvalid(() -> open(Split.TEST, null, null), "line 2", "meta.mat");
    layout.delete(kit + "meta.mat");
    assertInvalid(() -> open(Split.TEST, null, null), layout.at(kit + "meta.mat"), "no such file");
  }

  @Test
  void labelsItByKagglesSolution() {
    writeFlatValidation();
    layout.text(
        "LOC_val_solution.csv",
        """
        ImageId,PredictionString
        ILSVRC2012_val_00000001,n03938244 85 1 499 272
        ILSVRC2012_val_00000002,n01440764 131 0 499 254 n01440764 1 2 3 4
        ILSVRC2012_val_00000003,n02119789 1 2 3 4
        """);
    assertFlat(open(Split.TEST, null, null));
  }

  @Test
  void labelsItByCaffesList() {
    writeFlatValidation();
    layout.text(
        "lists/val.txt",
        """
        ILSVRC2012_val_00000001.JPEG 2
        ILSVRC2012_val_00000002.JPEG 0
        ILSVRC2012_val_00000003.JPEG n02119789
        """);
    assertFlat(open(Split.TEST, null, "lists/val.txt"));
    layout.text("lists/val.txt", "ILSVRC2012_val_00000001.JPEG 3\n");
    assertInvalid(() -> open(Split.TEST, null, "lists/val.txt"), "val.txt, line 1", "0 to 2");
    layout.text("lists/val.txt", "../ILSVRC2012_val_00000001.JPEG 1\n");
    assertInvalid(() -> open(Split.TEST, null, "lists/val.txt"), "leads out");
  }

  @Test
  void chosenClassesOfAFlatFolderLeaveTheOthersOut() {
    writeFlatValidation();
    layout.text("val.txt", "ILSVRC2012_val_00000001.JPEG 2\nILSVRC2012_val_00000002.JPEG 0\n");
    layout.text("some.txt", "n03938244\n");
    FileDataset test = open(Split.TEST, "some.txt", null);
    assertArrayEquals(new int[] {0}, test.labels());
    assertEquals(List.of(PILLOW), test.classNames());
  }

  @Test
  void saysWhichListsOfAFlatFolderItLookedFor() {
    writeFlatValidation();
    assertInvalid(
        () -> open(Split.TEST, null, null),
        layout.at("val.txt"),
        "LOC_val_solution.csv",
        "ILSVRC2012_validation_ground_truth.txt");
  }
}
