package org.invp.data.sets;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.invp.data.FileDataset;
import org.invp.data.FormatOptions.Caltech;
import org.invp.data.Split;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Caltech101Test {
  @TempDir Path folder;
  private Layout layout;
  private Path root;

  @BeforeEach
  void writeThreeClasses() {
    layout = new Layout(folder);
    root = layout.at("101_ObjectCategories");
    write("accordion", 10);
    write("BACKGROUND_Google", 8);
    write("Faces", 12);
  }

  private void write(String name, int images) {
    for (int i = 1; i <= images; i++) {
      layout.image("101_ObjectCategories/%s/image_%04d.jpg".formatted(name, i));
    }
  }

  private Set<String> files(Split split, Caltech options) {
    return new HashSet<>(
        Arrays.asList(Layout.files(Caltech101.open(folder, split, options), root)));
  }

  @Test
  void drawsAsManyTrainingImagesOfEachClassAndTestsOnTheRest() {
    Caltech options = new Caltech(5, 0, 0, true);
    FileDataset train = Caltech101.open(folder, Split.TRAIN, options);
    assertEquals(List.of("BACKGROUND_Google", "Faces", "accordion"), train.classNames());
    assertArrayEquals(new int[] {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2}, train.labels());
    Set<String> both = files(Split.TEST, options);
    assertEquals(15, both.size());
    both.addAll(files(Split.TRAIN, options));
    assertEquals(30, both.size());
  }

  @Test
  void theSeedDecidesTheSplit() {
    Caltech options = new Caltech(5, 0, 0, true);
    assertEquals(files(Split.TRAIN, options), files(Split.TRAIN, options));
    assertFalse(files(Split.TRAIN, options).equals(files(Split.TRAIN, new Caltech(5, 0, 1, true))));
  }

  @Test
  void theBackgroundCanBeLeftOutAndChangesNothingElse() {
    Caltech without = new Caltech(5, 3, 0, false);
    assertEquals(
        List.of("Faces", "accordion"), Caltech101.open(folder, Split.TEST, without).classNames());
    assertTrue(
        files(Split.TRAIN, new Caltech(5, 3, 0, true)).containsAll(files(Split.TRAIN, without)));
  }

  @Test
  void limitsTheTestImagesOfAClass() {
    assertEquals(9, files(Split.TEST, new Caltech(5, 3, 0, true)).size());
    assertEquals(3 + 5 + 6, files(Split.TEST, new Caltech(5, 6, 0, true)).size());
  }

  @Test
  void refusesAClassWithoutTestImages() {
    assertInvalid(
        () -> Caltech101.open(folder, Split.TRAIN, new Caltech(8, 0, 0, true)),
        root.resolve("BACKGROUND_Google"),
        "8 images",
        "data.train_per_class");
  }

  @Test
  void refusesAnEmptyClassFolder() {
    assertTrue(root.resolve("ant").toFile().mkdir());
    assertInvalid(
        () -> Caltech101.open(folder, Split.TRAIN, new Caltech(5, 0, 0, true)),
        root.resolve("ant"),
        "no images");
  }

  @Test
  void namesWhatIsMissing() {
    Path nowhere = folder.resolve("nowhere");
    Caltech options = new Caltech(5, 0, 0, true);
    assertInvalid(
        () -> Caltech101.open(nowhere, Split.TRAIN, options),
        nowhere.resolve("101_ObjectCategories"),
        "caltech-101");
    for (int i = 1; i <= 8; i++) {
      layout.delete("101_ObjectCategories/BACKGROUND_Google/image_%04d.jpg".formatted(i));
    }
    layout.delete("101_ObjectCategories/BACKGROUND_Google");
    assertInvalid(
        () -> Caltech101.open(folder, Split.TRAIN, options),
        "BACKGROUND_Google",
        "data.background: false");
  }
}
