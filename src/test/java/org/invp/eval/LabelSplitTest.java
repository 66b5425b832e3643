package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.invp.InvalidDataException;
import org.invp.data.ForwardingDataset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelSplitTest {
  @TempDir Path folder;

  @Test
  void takesAShareOfEveryClassAndAtLeastOneImage() {
    int[] labels = new Random(1).ints(5000, 0, 7).toArray();
    labels[17] = 7; // a class of one image
    int[] chosen = LabelSplit.perClass(labels, 0.1, 3);
    assertArrayEquals(Arrays.stream(chosen).sorted().distinct().toArray(), chosen);
    for (int label = 0; label < 8; label++) {
      int id = label;
      long all = Arrays.stream(labels).filter(own -> own == id).count();
      long taken = Arrays.stream(chosen).filter(image -> labels[image] == id).count();
      assertEquals(Math.max(1, Math.round(0.1 * all)), taken);
    }
  }

  @Test
  void followsFromTheSeed() {
    int[] labels = new int[100];
    int[] one = LabelSplit.perClass(labels, 0.2, 5);
    assertArrayEquals(one, LabelSplit.perClass(labels, 0.2, 5));
    assertFalse(Arrays.equals(one, LabelSplit.perClass(labels, 0.2, 6)));
    assertThrows(IllegalArgumentException.class, () -> LabelSplit.perClass(labels, 0, 5));
  }

  @Test
  void imagesWithoutALabelAreNotChosen() {
    int[] labels = {-1, 0, -1, 1, -1};
    assertArrayEquals(new int[] {1, 3}, LabelSplit.perClass(labels, 1, 5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "0|0",
        "5|5",
        "2 17|2",
        "a/000.png|0",
        "b/000.png 1|2",
        "b/000.png,7|2",
        "train/b/001.png|3",
        "/elsewhere/train/b/001.png|3",
        "/elsewhere/b/001.png\t4|3",
        "d/with blank, and comma.png|4",
        "with blank, and comma.png|4",
        "only.png|5",
        "e f/only.png 2|5",
      })
  void aLineNamesAnImageByItsPath(String line, int image) throws IOException {
    assertArrayEquals(new int[] {image}, listed(line + "\n\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "000.png|list.txt, line 1: 000.png may be /data/train/a/000.png or /data/train/b/000.png",
        "c/000.png|list.txt, line 1: there is no image c/000.png",
        "d/only.png|list.txt, line 1: there is no image d/only.png",
        "none.png 3|list.txt, line 1: there is no image none.png",
        "6|list.txt, line 1: there is no image 6",
      })
  void aLineThatNamesNoneOrSeveralIsAnError(String line, String expected) {
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> listed(line + "\n"));
    assertTrue(failure.getMessage().endsWith(expected), failure.getMessage());
  }

  @Test
  void allListedImagesOfAllClassesAreTaken() throws IOException {
    assertArrayEquals(
        new int[] {0, 1, 2, 3}, listed("a/000.png\na/001.png\nb/000.png\nb/001.png\n"));
  }

  private int[] listed(String lines) throws IOException {
    return LabelSplit.listed(Files.writeString(folder.resolve("list.txt"), lines), new Named());
  }

  /** A data set of which only the names matter. */
  private static final class Named extends ForwardingDataset {
    private static final List<String> PATHS =
        List.of(
            "/data/train/a/000.png",
            "/data/train/a/001.png",
            "/data/train/b/000.png",
            "/data/train/b/001.png",
            "/data/train/d/with blank, and comma.png",
            "/data/train/e f/only.png");

    Named() {
      super(null);
    }

    @Override
    public int size() {
      return PATHS.size();
    }

    @Override
    public String describe(int image) {
      return PATHS.get(image);
    }
  }
}
