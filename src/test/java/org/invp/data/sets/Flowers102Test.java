package org.invp.data.sets;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The MATLAB files are SciPy's (scripts/make-dataset-fixtures.py). */
class Flowers102Test {
  @TempDir Path folder;
  private Layout layout;

  @BeforeEach
  void writeFiveImages() {
    layout = new Layout(folder);
    for (int i = 1; i <= 5; i++) {
      layout.image("jpg/image_0000%d.jpg".formatted(i));
    }
    layout.copy("imagelabels.mat", "flowers/imagelabels.mat");
    layout.copy("setid.mat", "flowers/setid.mat");
  }

  private void assertTrainRefused(Object... words) {
    assertInvalid(() -> Flowers102.open(folder, Split.TRAIN), words);
  }

  @Test
  void trainsOnTheTwoSmallSetsAndTestsOnTheLarge() {
    FileDataset train = Flowers102.open(folder, Split.TRAIN);
    assertArrayEquals(
        new String[] {"jpg/image_00004.jpg", "jpg/image_00001.jpg", "jpg/image_00003.jpg"},
        Layout.files(train, folder));
    assertArrayEquals(new int[] {101, 76, 0}, train.labels());
    assertEquals(102, train.classes());
    assertArrayEquals(new int[] {76, 0}, Flowers102.open(folder, Split.TEST).labels());
  }

  @Test
  void namesWhatIsMissing() {
    layout.delete("jpg/image_00003.jpg");
    assertTrainRefused(layout.at("jpg/image_00003.jpg"), "no such file", "setid.mat");
    layout.delete("imagelabels.mat");
    assertTrainRefused(layout.at("imagelabels.mat"), "no such file");
    layout.delete("setid.mat");
    assertTrainRefused(layout.at("setid.mat"), "flowers-102");
  }

  @Test
  void refusesNumbersOutOfRange() {
    layout.copy("setid.mat", "flowers/image_6.mat");
    assertTrainRefused("setid.mat", "image 6", "1 to 5");
    layout.copy("imagelabels.mat", "flowers/label_103.mat");
    assertTrainRefused("imagelabels.mat", "label 103 of image 2", "1 to 102");
  }

  @Test
  void refusesAnotherFileInItsPlace() {
    layout.copy("setid.mat", "flowers/imagelabels.mat");
    assertTrainRefused("setid.mat", "no variable trnid");
    layout.text("setid.mat", "<html>404</html>");
    assertTrainRefused("setid.mat", "not a MATLAB file");
  }
}
