package org.invp.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.invp.InvalidDataException;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/** Chooses the images whose labels may be used. */
public final class LabelSplit {
  /** A path or an index, and a label after it. */
  private static final Pattern LABELLED = Pattern.compile("(.*?)[\\s,]+[^/]*");

  private LabelSplit() {}

  /**
   * A share of every class, rounded, at least one image of each that occurs; which ones follows
   * from the seed alone. Images without a label are not chosen.
   *
   * @param share above 0, at most 1
   * @return indices, ascending
   */
  public static int[] perClass(int[] labels, double share, long seed) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          Text.format("a share of %s of the labels, allowed: above 0, at most 1", share));
    }
    Map<Integer, List<Integer>> byClass = new HashMap<>();
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] == ImageDataset.UNLABELLED) {
        continue;
      }
      byClass.computeIfAbsent(labels[i], label -> new ArrayList<>()).add(i);
    }
    List<Integer> chosen = new ArrayList<>();
    byClass.forEach(
        (label, images) -> {
          Collections.shuffle(images, new Random(31 * seed + label));
          int count = (int) Math.max(1, Math.round(share * images.size()));
          chosen.addAll(images.subList(0, count));
        });
    return chosen.stream().sorted().mapToInt(Integer::intValue).toArray();
  }

  /**
   * The images that a file lists: one a line, by its index or by its file's path. Of the path as
   * many folders count as the line has, at least the one that the file is in; a label may follow
   * after a blank or a comma.
   *
   * @return indices, ascending
   * @throws InvalidDataException if the file cannot be read, or names an image that is not there,
   *     or one of several that it could mean
   */
  public static int[] listed(Path file, ImageDataset images) {
    Map<String, List<Integer>> byName = new HashMap<>();
    for (int i = 0; i < images.size(); i++) {
      byName.computeIfAbsent(lastName(images.describe(i)), name -> new ArrayList<>()).add(i);
    }
    List<Integer> chosen = new ArrayList<>();
    List<String> lines = lines(file);
    for (int number = 1; number <= lines.size(); number++) {
      String line = lines.get(number - 1).strip();
      if (!line.isEmpty()) {
        chosen.add(find(line, Text.format("%s, line %d", file, number), images, byName));
      }
    }
    if (chosen.isEmpty()) {
      throw new InvalidDataException(Text.format("%s lists no image", file));
    }
    return chosen.stream().sorted().distinct().mapToInt(Integer::intValue).toArray();
  }

  private static int find(
      String line, String place, ImageDataset images, Map<String, List<Integer>> byName) {
    Matcher labelled = LABELLED.matcher(line);
    String name = labelled.matches() ? labelled.group(1) : line;
    if (name.matches("\\d{1,9}") && Integer.parseInt(name) < images.size()) {
      return Integer.parseInt(name);
    }
    // A name may have blanks or commas in it, so that the whole line comes first.
    for (String path : List.of(line, name)) {
      List<Integer> found = matches(path, images, byName.getOrDefault(lastName(path), List.of()));
      if (found.size() > 1) {
        throw new InvalidDataException(
            Text.format(
                "%s: %s may be %s or %s",
                place, path, images.describe(found.get(0)), images.describe(found.get(1))));
      }
      if (!found.isEmpty()) {
        return found.get(0);
      }
    }
    throw new InvalidDataException(Text.format("%s: there is no image %s", place, name));
  }

  /** Those whose paths agree with a path in the most folders, and in one at least if it has any. */
  private static List<Integer> matches(String path, ImageDataset images, List<Integer> candidates) {
    int most = path.contains("/") ? 2 : 1;
    List<Integer> best = new ArrayList<>();
    for (int image : candidates) {
      int common = commonParts(path, images.describe(image));
      if (common > most) {
        best.clear();
        most = common;
      }
      if (common == most) {
        best.add(image);
      }
    }
    return best;
  }

  /** How many parts two paths have in common, from the end. */
  private static int commonParts(String first, String second) {
    List<String> left = List.of(first.split("/+"));
    List<String> right = List.of(second.split("/+"));
    int count = 0;
    while (count < Math.min(left.size(), right.size())
        && left.get(left.size() - 1 - count).equals(right.get(right.size() - 1 - count))) {
      count++;
    }
    return count;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", file, IoErrors.reason(e)), e);
    }
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
