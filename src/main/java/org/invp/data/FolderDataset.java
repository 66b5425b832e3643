package org.invp.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * Images in one folder per class, the classes in the order of their folders' names, the images of a
 * class in the order of their paths. Hidden files and files that are no images by their extension
 * are passed over.
 */
public final class FolderDataset extends FileDataset {
  private FolderDataset(Path root, List<String> classNames, List<String> files, int[] labels) {
    super(root, classNames, files, labels);
  }

  /**
   * Opens {@code train/} or {@code val/} (else {@code test/}) of a folder; both are labelled by the
   * classes of {@code train/}.
   *
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder, Split split) {
    Path train = folder.resolve("train");
    if (split == Split.TRAIN) {
      return scan(train, ImageFiles.classFolders(train));
    }
    Path evaluation = evaluationFolder(folder);
    List<String> names = ImageFiles.classFolders(Files.isDirectory(train) ? train : evaluation);
    for (String name : ImageFiles.classFolders(evaluation)) {
      if (!names.contains(name)) {
        throw new InvalidDataException(
            Text.format("%s: a class that %s does not have", evaluation.resolve(name), train));
      }
    }
    return scan(evaluation, names);
  }

  /**
   * Opens a split of chosen classes; other folders are passed over.
   *
   * @param classNames folders of {@code train/}; a label is a position in this list
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder, Split split, List<String> classNames) {
    return scan(
        split == Split.TRAIN ? folder.resolve("train") : evaluationFolder(folder), classNames);
  }

  /**
   * Opens a folder whose sub-folders are the classes.
   *
   * @throws InvalidDataException if it is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder) {
    return scan(folder, ImageFiles.classFolders(folder));
  }

  private static Path evaluationFolder(Path folder) {
    Path val = folder.resolve("val");
    Path test = folder.resolve("test");
    return Files.isDirectory(val) || !Files.isDirectory(test) ? val : test;
  }

  private static FolderDataset scan(Path root, List<String> classNames) {
    List<String> files = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (int label = 0; label < classNames.size(); label++) {
      String name = classNames.get(label);
      if (Files.isDirectory(root.resolve(name))) {
        for (String image : ImageFiles.below(root.resolve(name))) {
          files.add(Path.of(name, image).toString());
          labels.add(label);
        }
      }
    }
    if (files.isEmpty()) {
      throw new InvalidDataException(root + ": no folder of any of the classes in it");
    }
    return new FolderDataset(
        root, classNames, files, labels.stream().mapToInt(Integer::intValue).toArray());
  }
}
