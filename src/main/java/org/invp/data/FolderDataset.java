package org.invp.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * Images in one folder per class, the classes in the order of their folders' names, the images of a
 * class in the order of their paths; which files are images {@link ImageFiles} says.
 */
public final class FolderDataset extends FileDataset {
  private final LeftOut leftOut;

  private FolderDataset(
      Path root, List<String> classNames, List<String> files, int[] labels, LeftOut leftOut) {
    super(root, classNames, files, labels);
    this.leftOut = leftOut;
  }

  @Override
  public Optional<String> remark() {
    return leftOut.remark();
  }

  /**
   * Opens {@code train/} or {@code val/} (else {@code test/}) of a folder; both are labelled by the
   * classes of {@code train/}.
   *
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder, Split split) {
    Path train = folder.resolve("train");
    LeftOut leftOut = new LeftOut();
    if (split == Split.TRAIN) {
      return scan(train, ImageFiles.classFolders(train, leftOut), leftOut);
    }
    Path evaluation = evaluationFolder(folder);
    List<String> own = ImageFiles.classFolders(evaluation, leftOut);
    List<String> names =
        Files.isDirectory(train) ? ImageFiles.classFolders(train, new LeftOut()) : own;
    for (String name : own) {
      if (!names.contains(name)) {
        throw new InvalidDataException(
            Text.format("%s: a class that %s does not have", evaluation.resolve(name), train));
      }
    }
    return scan(evaluation, names, leftOut);
  }

  /**
   * Opens a split of chosen classes; other folders are passed over.
   *
   * @param classNames folders of {@code train/}; a label is a position in this list
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder, Split split, List<String> classNames) {
    return scan(
        split == Split.TRAIN ? folder.resolve("train") : evaluationFolder(folder),
        classNames,
        new LeftOut());
  }

  /**
   * Opens a folder whose sub-folders are the classes.
   *
   * @throws InvalidDataException if it is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder) {
    LeftOut leftOut = new LeftOut();
    return scan(folder, ImageFiles.classFolders(folder, leftOut), leftOut);
  }

  private static Path evaluationFolder(Path folder) {
    Path val = folder.resolve("val");
    Path test = folder.resolve("test");
    return Files.isDirectory(val) || !Files.isDirectory(test) ? val : test;
  }

  private static FolderDataset scan(Path root, List<String> classNames, LeftOut leftOut) {
    List<String> files = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (int label = 0; label < classNames.size(); label++) {
      String name = classNames.get(label);
      if (Files.isDirectory(root.resolve(name))) {
        for (String image : ImageFiles.below(root.resolve(name), leftOut)) {
          files.add(Path.of(name, image).toString());
          labels.add(label);
        }
      }
    }
    if (files.isEmpty()) {
      throw new InvalidDataException(root + ": no folder of any of the classes in it");
    }
    return new FolderDataset(
        root, classNames, files, labels.stream().mapToInt(Integer::intValue).toArray(), leftOut);
  }
}
