package org.invp.data.sets;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.FormatOptions;
import org.invp.data.ImageDataset;
import org.invp.data.NoTestSetException;
import org.invp.data.Split;
import org.invp.data.sets.TextLines.Line;

/**
 * Images named by a list file, one {@code path label} per line, separated by blanks or a comma; a
 * path may hold blanks itself, and may be quoted. Labels count from 0, or are names when a file of
 * class names is given; a list may also have no labels at all. So come Places205 ({@code
 * train_places205.csv}, MIT) and Caffe's lists.
 */
public final class ListedImages {
  private static final int NONE = ImageDataset.UNLABELLED;
  private static final Pattern NUMBER = Pattern.compile("[+-]?\\d+");
  private static final int MOST_CLASSES = 1 << 20;
  private static final String LINE = "an image's path and its label, as in the first line,";

  private ListedImages() {}

  /**
   * Opens a split. The classes are those of the class file, else 0 up to the largest label of both
   * lists; none where no line has a label.
   *
   * @param folder what relative paths of list files count from
   * @throws NoTestSetException if no list of test images is named
   * @throws org.invp.InvalidDataException if a file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split, FormatOptions.Lists options) {
    if (options.list() == null) {
      throw new InvalidDataException(
          folder
              + ": which lists? data.list names the training images, data.test_list those of a test"
              + " set");
    }
    boolean training = split == Split.TRAIN;
    if (!training && options.testList() == null) {
      throw new NoTestSetException("there is no test set: data.test_list names no list");
    }
    List<String> names =
        options.classesFile() == null
            ? null
            : ClassList.read(folder, options.classesFile()).stream().map(Line::text).toList();
    Path images = options.images() == null ? folder : folder.resolve(options.images());
    Part part = read(folder.resolve(training ? options.list() : options.testList()), images, names);
    if (names == null) {
      String other = training ? options.testList() : options.list();
      int largest = other == null ? NONE : largest(folder.resolve(other));
      names = numbered(Math.max(part.largest, largest));
    }
    return part.files.dataset(names, part.list);
  }

  private static List<String> numbered(int largest) {
    return IntStream.rangeClosed(0, largest).mapToObj(Integer::toString).toList();
  }

  /** What one list names; the largest label is -1 where there is none. */
  private record Part(Path list, LabelledFiles files, int largest) {}

  private static Part read(Path list, Path images, List<String> names) {
    LabelledFiles files = new LabelledFiles(images);
    Map<String, Integer> known = positions(names);
    int largest = NONE;
    List<Line> lines = TextLines.read(list, "the list of images");
    Line first = lines.get(0);
    boolean labelled = hasLabel(first, known) && !names(images, unquoted(first.text()));
    for (Line line : lines) {
      if (labelled) {
        int cut = cut(line);
        int label = label(line, line.text().substring(cut + 1), known);
        files.add(unquoted(line.text().substring(0, cut).strip()), label, line.place());
        largest = Math.max(largest, label);
      } else if (hasLabel(line, known) && !names(images, unquoted(line.text()))) {
        throw line.wrong("an image's path without a label, as in the first line,");
      } else {
        files.add(unquoted(line.text()), NONE, line.place());
      }
    }
    return new Part(list, files, largest);
  }

  /** Whether a line ends in what can be a label. */
  private static boolean hasLabel(Line line, Map<String, Integer> known) {
    int cut = place(line);
    String word = line.text().substring(cut + 1);
    return cut > 0 && (known.containsKey(word) || NUMBER.matcher(word).matches());
  }

  private static boolean names(Path images, String path) {
    try {
      return Files.isRegularFile(images.resolve(path));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** The other list counts too, if it is there: both splits have the same classes. */
  private static int largest(Path list) {
    int largest = NONE;
    if (!Files.exists(list)) {
      return largest;
    }
    List<Line> lines = TextLines.read(list, "the list of images");
    for (Line line : hasLabel(lines.get(0), Map.of()) ? lines : List.<Line>of()) {
      largest = Math.max(largest, label(line, line.text().substring(cut(line) + 1), Map.of()));
    }
    return largest;
  }

  private static Map<String, Integer> positions(List<String> names) {
    Map<String, Integer> positions = new HashMap<>();
    if (names != null) {
      for (int i = 0; i < names.size(); i++) {
        positions.put(names.get(i), i);
      }
    }
    return positions;
  }

  private static int cut(Line line) {
    int at = place(line);
    if (at <= 0) {
      throw line.wrong(LINE);
    }
    return at;
  }

  /** The place of the last blank or comma; 0 if there is none. */
  private static int place(Line line) {
    String text = line.text();
    int at = text.length() - 1;
    while (at > 0 && text.charAt(at) != ',' && !Character.isWhitespace(text.charAt(at))) {
      at--;
    }
    return Math.max(at, 0);
  }

  private static int label(Line line, String word, Map<String, Integer> known) {
    Integer position = known.get(word);
    if (position != null) {
      return position;
    }
    int most = known.isEmpty() ? MOST_CLASSES : known.size();
    return line.integer(word, 0, most - 1, LINE);
  }

  private static String unquoted(String path) {
    String bare = path.endsWith(",") ? path.substring(0, path.length() - 1).strip() : path;
    boolean quoted = bare.length() > 1 && bare.startsWith("\"") && bare.endsWith("\"");
    return quoted ? bare.substring(1, bare.length() - 1).replace("\"\"", "\"") : bare;
  }
}
