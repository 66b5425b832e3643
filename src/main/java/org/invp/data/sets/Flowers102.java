package org.invp.data.sets;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.invp.internal.Text;
import org.invp.io.MatFile;

/**
 * Oxford 102 Flowers (Nilsback, Zisserman, Automated Flower Classification over a Large Number of
 * Classes, 2008): {@code imagelabels.mat} ({@code labels}, 1 to 102, of image 1, 2, ...), {@code
 * setid.mat} (the numbers of the images of {@code trnid}, {@code valid} and {@code tstid}) and
 * {@code jpg/image_00001.jpg}. Training takes {@code trnid} and {@code valid} (2,040 images),
 * testing {@code tstid} (6,149), as Kornblith, Shlens, Le (2019) do. The classes' names are their
 * numbers.
 */
public final class Flowers102 {
  private static final String OF = "Oxford 102 Flowers";
  private static final int CLASSES = 102;

  private Flowers102() {}

  /**
   * Opens a split.
   *
   * @param folder holds the three, or {@code flowers-102} with them
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split) {
    Path root = Places.holding(folder, "setid.mat", OF, "flowers-102");
    int[] labels = labels(Places.first(OF, root.resolve("imagelabels.mat")));
    LabelledFiles files = new LabelledFiles(root);
    Path setFile = root.resolve("setid.mat");
    for (int image : images(setFile, split)) {
      if (image < 1 || image > labels.length) {
        throw new InvalidDataException(
            Text.format("%s: image %d, expected 1 to %d", setFile, image, labels.length));
      }
      files.add(
          Text.format("jpg/image_%05d.jpg", image), labels[image - 1] - 1, setFile.toString());
    }
    return files.dataset(
        IntStream.rangeClosed(1, CLASSES).mapToObj(Integer::toString).toList(), setFile);
  }

  private static int[] labels(Path file) {
    try (MatFile content = MatFile.read(file, "labels")) {
      int[] labels = content.integers("labels");
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] < 1 || labels[i] > CLASSES) {
          throw new InvalidDataException(
              Text.format(
                  "%s: label %d of image %d, expected 1 to %d", file, labels[i], i + 1, CLASSES));
        }
      }
      return labels;
    }
  }

  private static int[] images(Path file, Split split) {
    List<String> sets = split == Split.TRAIN ? List.of("trnid", "valid") : List.of("tstid");
    try (MatFile content = MatFile.read(file, sets.toArray(String[]::new))) {
      return sets.stream().flatMapToInt(set -> IntStream.of(content.integers(set))).toArray();
    }
  }
}
