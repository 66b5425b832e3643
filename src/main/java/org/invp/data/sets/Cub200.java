package org.invp.data.sets;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.invp.data.sets.TextLines.Line;

/**
 * Caltech-UCSD Birds-200-2011 (Wah et al., 2011): {@code CUB_200_2011/} with {@code images/} and
 * four tables whose lines begin with an id: {@code images.txt} (path), {@code
 * image_class_labels.txt} (class, from 1), {@code train_test_split.txt} (1 for training) and {@code
 * classes.txt} (name). The split is the authors': 5,994 and 5,794 images.
 */
public final class Cub200 {
  private static final String OF = "CUB-200-2011";

  private Cub200() {}

  /**
   * Opens a split.
   *
   * @param folder holds {@code CUB_200_2011}, or is that folder itself
   * @throws org.invp.InvalidDataException if a file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split) {
    Path root = Places.holding(folder, "images.txt", OF, "CUB_200_2011");
    List<String> classes =
        TextLines.read(root.resolve("classes.txt"), OF).stream().map(Cub200::value).toList();
    Map<String, Line> labels = table(root.resolve("image_class_labels.txt"));
    Map<String, Line> parts = table(root.resolve("train_test_split.txt"));
    int wanted = split == Split.TRAIN ? 1 : 0;
    LabelledFiles files = new LabelledFiles(root.resolve("images"));
    for (Line image : TextLines.read(root.resolve("images.txt"), OF)) {
      String path = value(image);
      if (integer(image, parts, 0, 1, "1 for training or 0,") == wanted) {
        int label = integer(image, labels, 1, classes.size(), "a class,") - 1;
        files.add(path, label, image.place());
      }
    }
    return files.dataset(classes, root.resolve("train_test_split.txt"));
  }

  private static String value(Line line) {
    String[] idAndValue = line.text().split("\\s+", 2);
    if (idAndValue.length < 2) {
      throw line.wrong("an id and a value");
    }
    return idAndValue[1];
  }

  private static Map<String, Line> table(Path file) {
    Map<String, Line> table = new HashMap<>();
    for (Line line : TextLines.read(file, OF)) {
      table.put(line.words(2, "an image's id and a number")[0], line);
    }
    return table;
  }

  private static int integer(Line image, Map<String, Line> table, int low, int high, String what) {
    Line line = table.get(image.words()[0]);
    if (line == null) {
      throw image.wrong("an image that the other tables of " + OF + " know too");
    }
    return line.integer(value(line), low, high, what);
  }
}
