package org.invp.data.sets;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.internal.Text;

/** Collects the images that a split names, and their labels. */
final class LabelledFiles {
  /**
   * Up to so many files are looked for when a data set is opened; of larger ones, where that would
   * take minutes, a missing file is an error when it is read.
   */
  static final int CHECKED = 100_000;

  private final Path root;
  private final List<String> files = new ArrayList<>();
  private final List<String> sources = new ArrayList<>();
  private final IntStream.Builder labels = IntStream.builder();

  /**
   * @param root the folder that the images lie in
   */
  LabelledFiles(Path root) {
    this.root = root;
  }

  /**
   * Adds an image.
   *
   * @param file its path, relative to the root or inside it
   * @param source where that is written, for messages
   * @throws InvalidDataException if the path leads out of the root
   */
  void add(String file, int label, String source) {
    files.add(inside(file, source));
    if (sources.size() < CHECKED) {
      sources.add(source);
    }
    labels.add(label);
  }

  /** The path relative to the root, without the detours that it may have had. */
  private String inside(String file, String source) {
    try {
      Path whole = root.toAbsolutePath().normalize();
      Path path = whole.resolve(file).normalize();
      if (path.startsWith(whole) && !path.equals(whole)) {
        return whole.relativize(path).toString();
      }
    } catch (InvalidPathException e) {
      throw new InvalidDataException(Text.format("%s: %s is no path", source, quoted(file)), e);
    }
    throw new InvalidDataException(
        Text.format("%s: %s leads out of the image folder %s", source, quoted(file), root));
  }

  private static String quoted(String text) {
    return '"' + text.replaceAll("\\p{Cntrl}", "?") + '"';
  }

  List<String> files() {
    return files;
  }

  int[] labels() {
    return labels.build().toArray();
  }

  /**
   * Looks for the files, unless they are many.
   *
   * @param source what named them, when there are none
   * @throws InvalidDataException if there are none, or one is missing
   */
  void check(Object source) {
    if (files.isEmpty()) {
      throw new InvalidDataException(source + ": no image of this split in it");
    }
    if (files.size() > CHECKED) {
      return;
    }
    for (int i = 0; i < files.size(); i++) {
      Path path = root.resolve(files.get(i));
      if (!Files.isRegularFile(path)) {
        throw new InvalidDataException(
            Text.format("%s: no such file; %s names it", path, sources.get(i)));
      }
    }
  }

  /** The data set, after {@link #check}. */
  FileDataset dataset(List<String> classNames, Object source) {
    check(source);
    return new FileDataset(root, classNames, files, labels());
  }
}
