package org.invp.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.invp.internal.Text;

/**
 * Deletes what this program wrote, and nothing else: files whose names have a form of ours, in a
 * folder that is reached without a symbolic link at its end. Folders, links, devices and whatever
 * has another name stay. {@link AtomicFile} creates and replaces; nothing else does either.
 */
public final class OwnFiles {
  private OwnFiles() {}

  /**
   * The files in a folder whose names have a form; none if there is no such folder, or a link in
   * its place.
   */
  public static List<Path> list(Path folder, Pattern form) throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
        for (Path entry : entries) {
          if (form.matcher(entry.getFileName().toString()).matches() && isFile(entry)) {
            files.add(entry);
          }
        }
      }
    }
    return files;
  }

  /**
   * Deletes files in a folder.
   *
   * @param form of their names
   * @param obsolete which of them
   */
  public static void delete(Path folder, Pattern form, Predicate<String> obsolete)
      throws IOException {
    for (Path file : list(folder, form)) {
      if (obsolete.test(file.getFileName().toString())) {
        Files.deleteIfExists(file);
      }
    }
  }

  /**
   * Deletes a file; that there is none is fine.
   *
   * @throws IOException if something else has its name, which stays
   */
  public static void delete(Path file) throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      if (!isFile(file)) {
        throw new IOException(Text.format("%s is no plain file", file.getFileName()));
      }
      Files.deleteIfExists(file);
    }
  }

  /** Deletes a folder if nothing is in it. */
  public static void deleteIfEmpty(Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
        if (entries.iterator().hasNext()) {
          return;
        }
      }
      Files.delete(folder);
    }
  }

  /**
   * Which file a path names, the same for all names of one file; null if there is none, or the file
   * system cannot tell.
   */
  public static Object identity(Path file) {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (IOException e) {
      return null;
    }
  }

  private static boolean isFile(Path path) {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }
}
