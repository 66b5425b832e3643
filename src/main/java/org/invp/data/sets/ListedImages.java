package org.invp.data.sets;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.FormatOptions;
import org.invp.data.Split;
import org.invp.data.sets.TextLines.Line;

/**
 * Images named by a list file, one {@code path label} per line, separated by blanks or a comma; a
 * path may hold blanks itself, and may be quoted. Labels count from 0, or are names when a file of
 * class names is given. So come Places205 ({@code train_places205.csv}, MIT) and Caffe's lists.
 */
public final class ListedImages {
  private static final int MOST_CLASSES = 1 << 20;
  private static final String LINE = "an image's path and its label";

  private ListedImages() {}

  /**
   * Opens a split. The classes are those of the class file, else 0 up to the largest label of both
   * lists.
   *
   * @param folder what relative paths of list files count from
   * @throws org.invp.InvalidDataException if a file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split, FormatOptions.Lists options) {
    if (options.list() == null || options.testList() == null) {
      throw new InvalidDataException(
          folder + ": which lists? data.list and data.test_list name them");
    }
    List<String> names =
        options.classesFile() == null
            ? null
            : ClassList.read(folder, options.classesFile()).stream().map(Line::text).toList();
    Path images = options.images() == null ? folder : folder.resolve(options.images());
    boolean training = split == Split.TRAIN;
    Part part = read(folder.resolve(training ? options.list() : options.testList()), images, names);
    if (names == null) {
      Path other = folder.resolve(training ? options.testList() : options.list());
      names = numbered(Math.max(part.largest, largest(other, part.largest)));
    }
    return part.files.dataset(names, part.list);
  }

  private static List<String> numbered(int largest) {
    return IntStream.rangeClosed(0, largest).mapToObj(Integer::toString).toList();
  }

  /** What one list names. */
  private record Part(Path list, LabelledFiles files, int largest) {}

  private static Part read(Path list, Path images, List<String> names) {
    LabelledFiles files = new LabelledFiles(images);
    Map<String, Integer> known = positions(names);
    int largest = 0;
    for (Line line : TextLines.read(list, "the list of images")) {
      int cut = cut(line);
      int label = label(line, line.text().substring(cut + 1), known);
      files.add(unquoted(line.text().substring(0, cut).strip()), label, line.place());
      largest = Math.max(largest, label);
    }
    return new Part(list, files, largest);
  }

  /** The other list counts too, if it is there: both splits have the same classes. */
  private static int largest(Path list, int otherwise) {
    if (!Files.exists(list)) {
      return otherwise;
    }
    int largest = 0;
    for (Line line : TextLines.read(list, "the list of images")) {
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

  /** The place of the last blank or comma. */
  private static int cut(Line line) {
    String text = line.text();
    for (int at = text.length() - 1; at > 0; at--) {
      if (text.charAt(at) == ',' || Character.isWhitespace(text.charAt(at))) {
        return at;
      }
    }
    throw line.wrong(LINE);
  }

  private static int label(Line line, String word, Map<String, Integer> known) {
    Integer position = known.get(word);
    if (position != null) {
      return position;
    }
    int most = known.isEmpty() ? MOST_CLASSES : known.size();
    return line.integer(word, 0, most - 1, LINE + ",");
  }

  private static String unquoted(String path) {
    String bare = path.endsWith(",") ? path.substring(0, path.length() - 1).strip() : path;
    boolean quoted = bare.length() > 1 && bare.startsWith("\"") && bare.endsWith("\"");
    return quoted ? bare.substring(1, bare.length() - 1).replace("\"\"", "\"") : bare;
  }
}
