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

class OxfordPetsTest {
  @TempDir Path folder;
  private Layout layout;

  @BeforeEach
  void writeThreeImages() {
    layout = new Layout(folder);
    layout.images(
        "images/Abyssinian_100.jpg",
        "images/american_pit_bull_terrier_1.jpg",
        "images/yorkshire_terrier_9.jpg");
    layout.text(
        "annotations/trainval.txt", "Abyssinian_100 1 1 1\namerican_pit_bull_terrier_1 3 2 2\n");
    layout.text(
        "annotations/test.txt", "#Image CLASS-ID SPECIES BREED ID\nyorkshire_terrier_9 37 2 25\n");
  }

  private void assertTrainRefused(Object... words) {
    assertInvalid(() -> OxfordPets.open(folder, Split.TRAIN), words);
  }

  @Test
  void namesClassesByTheirImages() {
    FileDataset train = OxfordPets.open(folder, Split.TRAIN);
    assertArrayEquals(new int[] {0, 2}, train.labels());
    assertEquals(37, train.classes());
    assertEquals("american_pit_bull_terrier", train.classNames().get(2));
    assertEquals("yorkshire_terrier", train.classNames().get(36));
    FileDataset test = OxfordPets.open(folder, Split.TEST);
    assertArrayEquals(new int[] {36}, test.labels());
    assertEquals(train.classNames(), test.classNames());
  }

  @Test
  void namesWhatIsMissing() {
    layout.delete("images/Abyssinian_100.jpg");
    assertTrainRefused(layout.at("images/Abyssinian_100.jpg"), "trainval.txt, line 1");
    layout.delete("annotations/trainval.txt");
    assertTrainRefused(
        layout.at("annotations/trainval.txt"), "oxford-iiit-pet", "Oxford-IIIT Pets");
  }

  @Test
  void refusesAClassOutOfRange() {
    layout.text("annotations/trainval.txt", "Abyssinian_100 38 1 1\n");
    assertTrainRefused("trainval.txt, line 1", "1 to 37");
    layout.text("annotations/trainval.txt", "Abyssinian_100\n");
    assertTrainRefused("trainval.txt, line 1", "an image and its class");
  }
}
