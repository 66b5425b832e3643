package org.invp.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.data.FormatOptions.Folders.Labels;
import org.invp.internal.Text;

/**
 * Images in folders, with a class per folder or without labels, in the order of their paths, those
 * of one class after those of another; which files are images {@link ImageFiles} says.
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
   * Opens a split of what lies in some folders: the images in {@code train/}, or in {@code val/}
   * (else {@code test/}); test images are labelled by the classes of the training images. Of a
   * folder that has none of these folders all images are training images. Images of several folders
   * follow each other.
   *
   * @param folders at least one, none in another
   * @param labels whether the folders in them are classes
   * @throws NoTestSetException if there are no test images
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(List<Path> folders, Split split, Labels labels) {
    return new FolderLayout(folders, labels).open(split);
  }

  /**
   * Opens {@code train/} or {@code val/} (else {@code test/}) of a folder; both are labelled by the
   * classes of {@code train/}.
   *
   * @throws NoTestSetException if there are no test images
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder, Split split) {
    if (split == Split.TRAIN) {
      return open(folder.resolve("train"));
    }
    requireTestSet(folder);
    return open(List.of(folder), split, Labels.FOLDERS);
  }

  /**
   * Opens a split of chosen classes; other folders are passed over.
   *
   * @param classNames folders of {@code train/}; a label is a position in this list
   * @throws NoTestSetException if there are no test images
   * @throws InvalidDataException if a folder is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder, Split split, List<String> classNames) {
    if (split == Split.TEST) {
      requireTestSet(folder);
    }
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

  /** A folder that is not there has no test set either, but that is not what is wrong. */
  static void requireFolder(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new InvalidDataException(folder + ": no such file or folder");
    }
  }

  private static void requireTestSet(Path folder) {
    requireFolder(folder);
    Path place = evaluationFolder(folder);
    if (!Files.isDirectory(place)) {
      throw new NoTestSetException(
          Text.format("there is no test set: there is no %s, and no test/ beside it", place));
    }
  }

  private static FolderDataset scan(Path root, List<String> classNames, LeftOut leftOut) {
    Builder images = new Builder(List.of(root), classNames, leftOut);
    images.addClasses(root);
    return images.build();
  }

  /** Collects images. */
  static final class Builder {
    private final Path root;
    private final List<String> classNames;
    private final LeftOut leftOut;
    private final List<String> files = new ArrayList<>();
    private final IntStream.Builder labels = IntStream.builder();
    private final String places;

    /**
     * @param places the folders that the images lie in
     * @param classNames a label is a position in this list
     */
    Builder(List<Path> places, List<String> classNames, LeftOut leftOut) {
      this.root = places.size() == 1 ? places.get(0) : Path.of("");
      this.classNames = classNames;
      this.leftOut = leftOut;
      this.places = places.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** Adds an image, by its path in a folder. */
    void add(Path place, String image, int label) {
      files.add(place.equals(root) ? image : place.resolve(image).toString());
      labels.add(label);
    }

    /** Adds the images of all classes, each a folder in {@code place} with images below it. */
    void addClasses(Path place) {
      ImageFiles.requireNoneBeside(place, leftOut);
      for (int label = 0; label < classNames.size(); label++) {
        String name = classNames.get(label);
        if (Files.isDirectory(place.resolve(name))) {
          for (String image : ImageFiles.below(place.resolve(name), leftOut)) {
            add(place, Path.of(name, image).toString(), label);
          }
        }
      }
    }

    FolderDataset build() {
      if (files.isEmpty()) {
        throw new InvalidDataException(places + ": no folder of any of the classes in it");
      }
      return new FolderDataset(root, classNames, files, labels.build().toArray(), leftOut);
    }
  }
}
