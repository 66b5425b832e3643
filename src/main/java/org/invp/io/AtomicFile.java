package org.invp.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import org.invp.InvpException;

/**
 * Replaces a file as a whole: a reader sees the old content or the new one, never a part, and after
 * a crash or a full disk the old content is still there.
 *
 * <p>The new content goes to a temporary name in the same folder, is synced, then renamed over the
 * target, and the folder is synced so that the rename itself survives a power cut.
 */
public final class AtomicFile {
  private static final String SUFFIX = ".tmp";

  private AtomicFile() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything to {@code channel}, which is positioned at 0; the caller closes it. */
    void writeTo(FileChannel channel) throws IOException;
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
    write(target, content, AtomicFile::create);
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

  static void write(Path target, Content content, Opener opener) {
    Path folder = folder(target);
    Path temporary =
        folder.resolve(
            prefix(target) + Long.toHexString(ThreadLocalRandom.current().nextLong()) + SUFFIX);
    try {
      try (FileChannel channel = opener.open(temporary)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncFolder(folder);
    } catch (IOException e) {
      deleteQuietly(temporary, e);
      throw new InvpException(
          "could not write %s: %s; what was there before is unchanged"
              .formatted(target, IoErrors.reason(e)),
          e);
    } catch (RuntimeException | Error e) {
      deleteQuietly(temporary, e);
      throw e;
    }
  }

  /**
   * Deletes temporary files that a killed process left beside {@code target}. Only for a caller
   * that knows that nobody else is writing the target now.
   */
  public static void removeLeftovers(Path target) {
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(
            folder(target),
            path -> {
              String name = path.getFileName().toString();
              return name.startsWith(prefix(target)) && name.endsWith(SUFFIX);
            })) {
      for (Path leftover : leftovers) {
        Files.deleteIfExists(leftover);
      }
    } catch (IOException e) {
      throw new InvpException(
          "could not clear temporary files beside %s: %s".formatted(target, IoErrors.reason(e)), e);
    }
  }

  private static FileChannel create(Path temporary) throws IOException {
    return FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
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
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
