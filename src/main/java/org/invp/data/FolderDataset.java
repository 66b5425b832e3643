package org.invp.data;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.io.IoErrors;

/**
 * Images in one folder per class, the classes in the order of their folders' names, the images of a
 * class in the order of their paths. Files are decoded when they are read. Hidden files and files
 * that are no images by their extension are passed over.
 */
public final class FolderDataset implements ImageDataset {
  private static final Set<String> READABLE =
      Set.of("jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff");
  private static final Set<String> UNREADABLE =
      Set.of("webp", "heic", "heif", "avif", "jp2", "jxl", "svg", "ppm", "pgm", "psd");

  private final Path root;
  private final List<String> classNames;
  private final String[] files; // relative to the folder of their class
  private final int[] labels;

  private FolderDataset(Path root, List<String> classNames, String[] files, int[] labels) {
    this.root = root;
    this.classNames = classNames;
    this.files = files;
    this.labels = labels;
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
      return scan(train, classFolders(train));
    }
    Path val = folder.resolve("val");
    Path test = folder.resolve("test");
    Path evaluation = Files.isDirectory(val) || !Files.isDirectory(test) ? val : test;
    List<String> names = Files.isDirectory(train) ? classFolders(train) : classFolders(evaluation);
    for (String name : classFolders(evaluation)) {
      if (!names.contains(name)) {
        throw new InvalidDataException(
            "%s: a class that %s does not have".formatted(evaluation.resolve(name), train));
      }
    }
    return scan(evaluation, names);
  }

  /**
   * Opens a folder whose sub-folders are the classes.
   *
   * @throws InvalidDataException if it is missing or empty, or holds a file of unknown type
   */
  public static FolderDataset open(Path folder) {
    return scan(folder, classFolders(folder));
  }

  private static List<String> classFolders(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> names =
          entries
              .filter(Files::isDirectory)
              .map(path -> path.getFileName().toString())
              .filter(name -> !name.startsWith("."))
              .sorted()
              .toList();
      if (names.isEmpty()) {
        throw new InvalidDataException(
            folder + ": no folders in it, expected one per class with its images");
      }
      return names;
    } catch (IOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e), e);
    }
  }

  private static FolderDataset scan(Path root, List<String> classNames) {
    List<String> files = new ArrayList<>();
    List<Integer> ends = new ArrayList<>();
    for (String name : classNames) {
      Path folder = root.resolve(name);
      if (Files.isDirectory(folder)) {
        files.addAll(imagesIn(folder));
      }
      ends.add(files.size());
    }
    int[] labels = new int[files.size()];
    for (int i = 0, label = 0; i < labels.length; i++) {
      while (i >= ends.get(label)) {
        label++;
      }
      labels[i] = label;
    }
    return new FolderDataset(root, List.copyOf(classNames), files.toArray(String[]::new), labels);
  }

  private static List<String> imagesIn(Path folder) {
    try (Stream<Path> entries = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      List<String> images =
          entries
              .filter(FolderDataset::isImage)
              .map(path -> folder.relativize(path).toString())
              .sorted()
              .toList();
      if (images.isEmpty()) {
        throw new InvalidDataException(
            folder + ": no images in it, expected files named .jpg, .jpeg or .png");
      }
      return images;
    } catch (IOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e), e);
    } catch (java.io.UncheckedIOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e.getCause()), e);
    }
  }

  private static boolean isImage(Path path) {
    String name = path.getFileName().toString();
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (name.startsWith(".") || !Files.isRegularFile(path)) {
      return false;
    }
    if (UNREADABLE.contains(extension)) {
      throw new InvalidDataException(
          path + ": unknown image type, expected JPEG, PNG, BMP, GIF or TIFF");
    }
    return READABLE.contains(extension);
  }

  /** The file of an image. */
  public Path path(int index) {
    return root.resolve(classNames.get(labels[index])).resolve(files[index]);
  }

  @Override
  public int size() {
    return files.length;
  }

  @Override
  public int channels() {
    return 3;
  }

  @Override
  public int imageHeight() {
    return 0;
  }

  @Override
  public int imageWidth() {
    return 0;
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public String describe(int index) {
    return path(index).toString();
  }

  @Override
  public void read(int index, ImageBuffer buffer) {
    ImageFile.read(path(index), buffer);
  }

  /** Nothing is held open. */
  @Override
  public void close() {}
}
