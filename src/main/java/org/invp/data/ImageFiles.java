package org.invp.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.io.IoErrors;

/** Finds folders and image files by their names, in an order that does not depend on the disk. */
public final class ImageFiles {
  private static final Set<String> READABLE =
      Set.of("jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp");
  private static final Set<String> UNREADABLE =
      Set.of("heic", "heif", "avif", "jp2", "jxl", "svg", "ppm", "pgm", "psd");

  private ImageFiles() {}

  /**
   * The names of a folder's sub-folders, sorted; hidden ones are passed over.
   *
   * @throws InvalidDataException if there are none, or the folder is missing
   */
  public static List<String> classFolders(Path folder) {
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

  /**
   * The images anywhere below a folder, relative to it, sorted. Hidden files and files that are no
   * images by their extension are passed over.
   *
   * @throws InvalidDataException if there are none, the folder is missing, or a file's type is
   *     known not to be readable
   */
  public static List<String> below(Path folder) {
    try (Stream<Path> entries = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      List<String> images =
          entries
              .filter(ImageFiles::isImage)
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
    } catch (UncheckedIOException e) {
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
          path + ": unknown image type, expected " + ImageIoDecoder.TYPES);
    }
    return READABLE.contains(extension);
  }
}
