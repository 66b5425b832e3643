package org.invp.data.sets;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.invp.data.sets.TextLines.Line;

/**
 * Oxford-IIIT Pets (Parkhi et al., Cats and Dogs, 2012): {@code annotations/trainval.txt} and
 * {@code test.txt} with lines {@code image class species breed}, classes from 1 to 37, and {@code
 * images/<image>.jpg}. A class's name is that of its images without their number. The split is the
 * authors': 3,680 and 3,669 images.
 */
public final class OxfordPets {
  private static final String OF = "Oxford-IIIT Pets";
  private static final int CLASSES = 37;
  private static final String TRAIN = "annotations/trainval.txt";
  private static final String TEST = "annotations/test.txt";

  private OxfordPets() {}

  /**
   * Opens a split.
   *
   * @param folder holds {@code annotations} and {@code images}, or {@code oxford-iiit-pet} with
   *     them
   * @throws org.invp.InvalidDataException if a file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split) {
    String list = split == Split.TRAIN ? TRAIN : TEST;
    Path root = Places.holding(folder, list, OF, "oxford-iiit-pet");
    String[] names =
        IntStream.rangeClosed(1, CLASSES).mapToObj(Integer::toString).toArray(String[]::new);
    name(root.resolve(split == Split.TRAIN ? TEST : TRAIN), names);
    LabelledFiles files = new LabelledFiles(root.resolve("images"));
    for (Line line : lines(root.resolve(list))) {
      int label = label(line);
      names[label] = breed(line);
      files.add(line.words()[0] + ".jpg", label, line.place());
    }
    return files.dataset(Arrays.asList(names), root.resolve(list));
  }

  /** The other split names classes too, if it is there. */
  private static void name(Path list, String[] names) {
    if (Files.exists(list)) {
      lines(list).forEach(line -> names[label(line)] = breed(line));
    }
  }

  private static List<Line> lines(Path list) {
    return TextLines.read(list, OF).stream().filter(line -> !line.text().startsWith("#")).toList();
  }

  private static int label(Line line) {
    String[] words = line.words(2, "an image and its class");
    return line.integer(words[1], 1, CLASSES, "an image and its class,") - 1;
  }

  private static String breed(Line line) {
    return line.words()[0].replaceFirst("_\\d+$", "");
  }
}
