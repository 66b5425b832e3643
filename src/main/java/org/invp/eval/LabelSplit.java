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
import org.invp.InvalidDataException;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/** Chooses the images whose labels may be used. */
public final class LabelSplit {
  private LabelSplit() {}

  /**
   * A share of every class, rounded, at least one image of each that occurs; which ones follows
   * from the seed alone.
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
   * The images that a file lists: one a line, by its index or by its file's name, with or without
   * folders before it; what follows after a blank, such as a label, is ignored.
   *
   * @return indices, ascending
   * @throws InvalidDataException if the file cannot be read or names an image that is not there
   */
  public static int[] listed(Path file, ImageDataset images) {
    Map<String, Integer> byName = new HashMap<>();
    for (int i = 0; i < images.size(); i++) {
      byName.put(lastName(images.describe(i)), i);
    }
    List<Integer> chosen = new ArrayList<>();
    for (String line : lines(file)) {
      if (line.isBlank()) {
        continue;
      }
      String name = line.strip().split("\\s+")[0];
      Integer index = name.matches("\\d{1,9}") ? Integer.valueOf(name) : byName.get(lastName(name));
      if (index == null || index >= images.size()) {
        throw new InvalidDataException(Text.format("%s: there is no image %s", file, name));
      }
      chosen.add(index);
    }
    if (chosen.isEmpty()) {
      throw new InvalidDataException(Text.format("%s lists no image", file));
    }
    return chosen.stream().sorted().distinct().mapToInt(Integer::intValue).toArray();
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
