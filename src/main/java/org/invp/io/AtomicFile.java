package org.invp.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.invp.InvpException;
import org.invp.internal.Text;

/**
 * Creates a file, or replaces it as a whole: a reader sees the old content or the new one, never a
 * part, and after a crash or a full disk the old content is still there.
 *
 * <p>The new content goes to a temporary name in the same folder, is synced, then renamed over the
 * target, and the folder is synced so that the rename itself survives a power cut. Of a symbolic
 * link the file that it names is replaced, and the link stays. What is no file, such as a device or
 * a pipe, stays what it is, and is written to once the content is whole.
 */
public final class AtomicFile {
  private static final String SUFFIX = ".tmp";
  private static final int MOST_LINKS = 40;

  private AtomicFile() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything to {@code channel}, which is positioned at 0; the caller closes it. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Is told when the new content is whole on the disk and about to take the target's name. */
  @FunctionalInterface
  public interface BeforeRename {
    /**
     * May give the content further names, see {@link AtomicFile#alias}. What it throws ends the
     * write with the target as it was.
     */
    void ready(Path temporary) throws IOException;
  }

  /** Opens the temporary file; a test replaces it to see a disk fill up. */
  @FunctionalInterface
  interface Opener {
    FileChannel open(Path temporary) throws IOException;
  }

  /**
   * Replaces {@code target}. Whatever fails, the target stays as it was and the temporary file is
   * deleted.
   *
   * @throws InvpException one line with the target and the reason
   */
  public static void write(Path target, Content content) {
    write(target, content, temporary -> {});
  }

  /** As {@link #write(Path, Content)}, with something to do before the last step. */
  public static void write(Path target, Content content, BeforeRename before) {
    write(target, content, before, AtomicFile::create);
  }

  /** Replaces {@code target} by the text in UTF-8. */
  public static void writeString(Path target, String text) {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    write(
        target,
        channel -> {
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
        });
  }

  /**
   * Makes {@code name} a further name of {@code existing}, in place of what it named before; both
   * lie in one folder. Where the file system has no hard links the content is copied. The folder is
   * not synced.
   */
  public static void alias(Path existing, Path name) throws IOException {
    Path temporary = temporary(name);
    try {
      try {
        Files.createLink(temporary, existing);
      } catch (UnsupportedOperationException | FileSystemException e) {
        copy(existing, temporary);
      }
      move(temporary, name);
    } finally {
      // Still there when both names were the same file already: renaming does nothing then.
      Files.deleteIfExists(temporary);
    }
  }

  static void write(Path target, Content content, BeforeRename before, Opener opener) {
    requireName(target);
    Path temporary = null;
    boolean renamed = false;
    try {
      boolean replaced = !Files.exists(target) || Files.isRegularFile(target);
      Path file = replaced ? target(target) : target;
      temporary = replaced ? temporary(file) : scratch();
      try (FileChannel channel = opener.open(temporary)) {
        content.writeTo(channel);
        channel.force(true);
      }
      before.ready(temporary);
      if (replaced) {
        move(temporary, file);
        renamed = true;
        syncFolder(folder(file));
      } else {
        pour(temporary, file);
        Files.delete(temporary);
      }
    } catch (IOException e) {
      deleteQuietly(temporary, e);
      throw new InvpException(
          Text.format(
              "could not write %s: %s; %s",
              target,
              IoErrors.reason(e),
              renamed
                  ? "the new content is there, but a power cut may undo that"
                  : "what was there before is unchanged"),
          e);
    } catch (RuntimeException | Error e) {
      deleteQuietly(temporary, e);
      throw e;
    }
  }

  private static void requireName(Path target) {
    if (target.getFileName() == null || target.toString().isEmpty()) {
      throw new InvpException(Text.format("\"%s\" names no file", target));
    }
    if (Files.isDirectory(target)) {
      throw new InvpException(Text.format("could not write %s: it is a folder", target));
    }
  }

  /** What a name means: the end of the links that begin there, whether or not it exists. */
  private static Path target(Path name) throws IOException {
    Path file = name.toAbsolutePath();
    for (int hop = 0; Files.isSymbolicLink(file); hop++) {
      if (hop == MOST_LINKS) {
        throw new IOException("too many symbolic links");
      }
      file = file.resolveSibling(Files.readSymbolicLink(file));
    }
    return file;
  }

  private static Path scratch() throws IOException {
    Path file = Files.createTempFile("invp", SUFFIX);
    Files.delete(file); // The writer creates it anew; its name is nobody's guess.
    return file;
  }

  /** Writes a file's bytes into something that is no file. */
  private static void pour(Path from, Path into) throws IOException {
    try (OutputStream out = Files.newOutputStream(into, StandardOpenOption.WRITE)) {
      Files.copy(from, out);
    }
  }

  /**
   * Deletes temporary files that a killed process left beside {@code target}. Only for a caller
   * that knows that nobody else is writing the target now.
   */
  public static void removeLeftovers(Path target) {
    try {
      Path file = target(target);
      Pattern names = Pattern.compile(Pattern.quote(prefix(file)) + "[0-9a-f]{1,16}" + SUFFIX);
      OwnFiles.delete(folder(file), names, name -> true);
    } catch (IOException e) {
      throw new InvpException(
          Text.format("could not clear temporary files beside %s: %s", target, IoErrors.reason(e)),
          e);
    }
  }

  private static FileChannel create(Path temporary) throws IOException {
    return FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private static void copy(Path existing, Path temporary) throws IOException {
    try (FileChannel from = FileChannel.open(existing, StandardOpenOption.READ);
        FileChannel to = create(temporary)) {
      long size = from.size();
      for (long at = 0; at < size; ) {
        at += from.transferTo(at, size - at, to);
      }
      to.force(true);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path temporary(Path target) {
    return folder(target)
        .resolve(
            prefix(target) + Long.toHexString(ThreadLocalRandom.current().nextLong()) + SUFFIX);
  }

  private static Path folder(Path target) {
    return target.toAbsolutePath().getParent();
  }

  private static String prefix(Path target) {
    return "." + target.getFileName() + ".";
  }

  private static void syncFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void deleteQuietly(Path temporary, Throwable cause) {
    if (temporary == null) {
      return;
    }
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
