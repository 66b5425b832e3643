package org.invp.data.sets;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The MATLAB files are SciPy's (scripts/make-dataset-fixtures.py). */
class StanfordCarsTest {
  private static final String TEST_LABELS = "cars_test_annos_withlabels.mat";

  @TempDir Path folder;

  private Layout apart() {
    Layout layout = new Layout(folder);
    layout.images("cars_train/00001.jpg", "cars_train/00002.jpg", "cars_test/00001.jpg");
    for (String name : new String[] {"cars_meta", "cars_train_annos", "cars_test_annos"}) {
      layout.copy("devkit/" + name + ".mat", "cars/" + name + ".mat");
    }
    return layout;
  }

  private Layout together() {
    Layout layout = new Layout(folder);
    layout.images("car_ims/000001.jpg", "car_ims/000002.jpg", "car_ims/000003.jpg");
    layout.copy("cars_annos.mat", "cars/cars_annos.mat");
    return layout;
  }

  @Test
  void readsTheLayoutWithTwoLists() {
    Layout layout = apart();
    layout.copy("devkit/" + TEST_LABELS, "cars/" + TEST_LABELS);
    FileDataset train = StanfordCars.open(folder, Split.TRAIN);
    assertArrayEquals(
        new String[] {"cars_train/00001.jpg", "cars_train/00002.jpg"}, Layout.files(train, folder));
    assertArrayEquals(new int[] {2, 0}, train.labels());
    assertEquals("Acura RL Sedan 2012", train.classNames().get(1));
    assertArrayEquals(new int[] {1}, StanfordCars.open(folder, Split.TEST).labels());
  }

  @Test
  void findsTheTestLabelsBesideTheKitToo() {
    apart().copy(TEST_LABELS, "cars/" + TEST_LABELS);
    assertEquals(1, StanfordCars.open(folder, Split.TEST).size());
  }

  @Test
  void readsTheLayoutWithOneList() {
    together();
    FileDataset train = StanfordCars.open(folder, Split.TRAIN);
    assertArrayEquals(
        new String[] {"car_ims/000001.jpg", "car_ims/000003.jpg"}, Layout.files(train, folder));
    assertArrayEquals(new int[] {0, 2}, train.labels());
    assertEquals(3, train.classes());
    assertArrayEquals(new int[] {0}, StanfordCars.open(folder, Split.TEST).labels());
  }

  @Test
  void namesWhatIsMissing() {
    Layout layout = apart();
    assertInvalid(
        () -> StanfordCars.open(folder, Split.TEST),
        layout.at(TEST_LABELS),
        layout.at("devkit/" + TEST_LABELS));
    layout.delete("cars_train/00002.jpg");
    assertInvalid(
        () -> StanfordCars.open(folder, Split.TRAIN),
        layout.at("cars_train/00002.jpg"),
        "cars_train_annos.mat");
    layout.delete("devkit/cars_meta.mat");
    assertInvalid(() -> StanfordCars.open(folder, Split.TRAIN), layout.at("devkit/cars_meta.mat"));
    Path nowhere = folder.resolve("nowhere");
    assertInvalid(
        () -> StanfordCars.open(nowhere, Split.TRAIN), nowhere.resolve("devkit"), "Stanford Cars");
  }

  @Test
  void refusesListsThatDoNotFit() {
    Layout layout = apart();
    layout.copy("devkit/cars_train_annos.mat", "cars/class_4.mat");
    assertInvalid(() -> StanfordCars.open(folder, Split.TRAIN), "class 4 of image 2", "1 to 3");
    layout.copy("devkit/cars_train_annos.mat", "cars/cars_test_annos.mat");
    assertInvalid(
        () -> StanfordCars.open(folder, Split.TRAIN), "annotations(1).class", "no such field");
    layout.copy("devkit/cars_train_annos.mat", "cars/escape.mat");
    assertInvalid(() -> StanfordCars.open(folder, Split.TRAIN), "leads out");
    layout.copy("devkit/cars_meta.mat", "cars/cars_test_annos.mat");
    assertInvalid(() -> StanfordCars.open(folder, Split.TRAIN), "no variable class_names");
  }
}
