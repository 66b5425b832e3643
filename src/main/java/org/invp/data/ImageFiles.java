package org.invp.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * Finds folders and image files, in an order that does not depend on the disk. A file is an image
 * by its ending, or by its content where it has none. What is hidden or a tool's is left out and
 * counted; any other image that would be left out is an error.
 */
public final class ImageFiles {
  private static final Set<String> READABLE =
      Set.of("jpg", "jpeg", "jpe", "jfif", "png", "bmp", "gif", "tif", "tiff", "webp");
  private static final Set<String> UNREADABLE =
      Set.of("heic", "heif", "avif", "jp2", "jxl", "svg", "ppm", "pgm", "psd");

  /** What programs leave in folders of pictures: thumbnails and halves of files. */
  private static final Set<String> TOOLS = Set.of("@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN");

  /** How the files of the types that are read begin. */
  private static final List<String> STARTS =
      List.of("\u00ff\u00d8\u00ff", "\u0089PNG\r\n", "GIF8", "II*\0", "MM\0*", "RIFF", "BM");

  private static final int START_BYTES = 12;

  private ImageFiles() {}

  /**
   * The names of a folder's sub-folders, sorted; hidden and tools' ones are left out.
   *
   * @param leftOut is told of what is left out
   * @throws InvalidDataException if there are none, the folder is missing, or a name is no text
   */
  public static List<String> classFolders(Path folder, LeftOut leftOut) {
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> names = new ArrayList<>();
      for (Path entry : entries.filter(Files::isDirectory).toList()) {
        if (isPassedOver(entry)) {
          leftOut.add(entry);
        } else {
          names.add(text(entry.getFileName(), entry));
        }
      }
      if (names.isEmpty()) {
        throw new InvalidDataException(
            folder + ": no folders in it, expected one per class with its images");
      }
      Collections.sort(names);
      return names;
    } catch (IOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e), e);
    }
  }

  /** Whether a folder has sub-folders other than hidden and tools' ones. */
  static boolean hasFolders(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.anyMatch(entry -> Files.isDirectory(entry) && !isPassedOver(entry));
    } catch (IOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e), e);
    }
  }

  /**
   * Looks for images directly in a folder, beside those that hold the classes.
   *
   * @param leftOut is told of what is left out
   * @throws InvalidDataException naming one
   */
  static void requireNoneBeside(Path folder, LeftOut leftOut) {
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : entries.filter(Files::isRegularFile).sorted().toList()) {
        if (isImage(entry, leftOut)) {
          throw new InvalidDataException(
              Text.format(
                  "%s: an image beside the folders of the classes, so of no class; move it into"
                      + " one, or set data.labels: none",
                  entry));
        }
      }
    } catch (IOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e), e);
    }
  }

  /**
   * The images anywhere below a folder, relative to it, sorted.
   *
   * @param leftOut is told of what is left out
   * @throws InvalidDataException if there are none, the folder is missing, an image is of a type
   *     that is not read or has an ending that hides it, or a name is no text
   */
  public static List<String> below(Path folder, LeftOut leftOut) {
    List<String> images = new ArrayList<>();
    try {
      Files.walkFileTree(
          folder,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path entered, BasicFileAttributes attributes) {
              if (!entered.equals(folder) && isPassedOver(entered)) {
                leftOut.add(entered);
                return FileVisitResult.SKIP_SUBTREE;
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              if (attributes.isRegularFile() && isImage(file, leftOut)) {
                images.add(text(folder.relativize(file), file));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new InvalidDataException(folder + ": " + IoErrors.reason(e), e);
    }
    if (images.isEmpty()) {
      throw new InvalidDataException(
          folder + ": no images in it, expected files named .jpg, .jpeg or .png");
    }
    Collections.sort(images);
    return images;
  }

  private static boolean isPassedOver(Path path) {
    String name = path.getFileName().toString();
    return name.startsWith(".") || TOOLS.contains(name);
  }

  private static boolean isImage(Path file, LeftOut leftOut) throws IOException {
    String name = file.getFileName().toString();
    int point = name.lastIndexOf('.');
    String ending = name.substring(point + 1).toLowerCase(Locale.ROOT);
    if (isPassedOver(file)) {
      if (READABLE.contains(ending)) {
        leftOut.add(file);
      }
      return false;
    }
    if (point > 0 && READABLE.contains(ending)) {
      return true;
    }
    if (point > 0 && UNREADABLE.contains(ending)) {
      throw new InvalidDataException(
          file + ": unknown image type, expected " + ImageIoDecoder.TYPES);
    }
    boolean isImage = startsAsImage(file);
    if (isImage && point > 0) {
      throw new InvalidDataException(
          Text.format(
              "%s: an image by its content, and .%s is no ending of one; rename it, or move it"
                  + " away",
              file, ending));
    }
    return isImage;
  }

  private static boolean startsAsImage(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      String start = new String(in.readNBytes(START_BYTES), StandardCharsets.ISO_8859_1);
      return STARTS.stream().anyMatch(start::startsWith)
          && (!start.startsWith("RIFF") || start.endsWith("WEBP"))
          && (!start.startsWith("BM") || start.startsWith("\0\0\0\0", 6));
    }
  }

  /**
   * A path as a text that leads back to it.
   *
   * @param whole what messages name
   * @throws InvalidDataException if its bytes are no text in the encoding of file names
   */
  static String text(Path path, Path whole) {
    String text = path.toString();
    try {
      if (path.getFileSystem().getPath(text).equals(path)) {
        return text;
      }
    } catch (InvalidPathException e) {
      // Said below.
    }
    throw new InvalidDataException(
        Text.format(
            "%s: the name is not text in %s, the encoding of file names; rename it, or set LC_ALL"
                + " to a locale that fits, such as C.UTF-8",
            whole, System.getProperty("sun.jnu.encoding")));
  }
}
