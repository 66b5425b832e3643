package org.invp.internal;

import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.invp.io.IoErrors;
import org.invp.io.OwnFiles;

/**
 * A folder of the cache: libraries as files, each with the content that it has in the jar, which
 * nobody but trusted users can change.
 *
 * <p>A file is written under a temporary name, synced and renamed, so that a process that dies, or
 * another that does the same, leaves no half of a library behind. Whoever has a temporary file
 * holds the folder's lock with others; who holds it alone knows that temporary files are leftovers.
 *
 * <p>A library is read once to compare its checksum, and again after anything has touched the file:
 * the file {@code checked} keeps inode, size and times of what was right. Callers take care that
 * one thread of the process at a time is here.
 */
final class CacheFolder {
  private static final String SUFFIX = ".partial";
  private static final Pattern TEMPORARY =
      Pattern.compile("(lib.+[.]so[.0-9]*|checked[0-9]+)[.]partial");
  private static final String CHECKED = "checked";
  private static final String LOCK = "lock";

  private final Path path;
  private final Ownership ownership;

  /** Writes a file's content. */
  @FunctionalInterface
  private interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private CacheFolder(Path path, Ownership ownership) {
    this.path = path;
    this.ownership = ownership;
  }

  /**
   * The folder, made for this user alone if there is none.
   *
   * @throws IOException if it cannot be made, or other users could change what is in it
   */
  static CacheFolder at(Path path, Ownership ownership) throws IOException {
    requireTrusted(ownership, path);
    if (!Files.isDirectory(path)) {
      try {
        Files.createDirectories(
            path,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } catch (IOException e) {
        throw cannotWrite(path, e);
      }
    }
    requireTrusted(ownership, path);
    return new CacheFolder(path, ownership);
  }

  /** Looks at the folder, or the first above it that exists. */
  private static void requireTrusted(Ownership ownership, Path path) throws IOException {
    Path existing = path;
    while (Files.notExists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    String objection;
    try {
      objection = ownership.objection(existing).orElse(null);
    } catch (IOException e) {
      objection = existing + ": " + IoErrors.reason(e);
    }
    if (objection != null) {
      throw new IOException("no libraries are kept in " + path + ": " + objection);
    }
  }

  Path path() {
    return path;
  }

  /**
   * Makes sure that these libraries are here, with their content.
   *
   * @throws IOException if one cannot be written
   */
  void fill(List<JarLibrary> libraries) throws IOException {
    removeLeftovers();
    Set<String> checked = checked();
    Set<String> now = new TreeSet<>();
    for (JarLibrary library : libraries) {
      if (facts(library).filter(checked::contains).isEmpty() && !isIntact(library)) {
        extract(library);
      }
      facts(library).ifPresent(now::add);
    }
    if (!checked.equals(now)) {
      remember(now);
    }
  }

  /**
   * Copies a library to a name of its own for as long as an action takes.
   *
   * @throws IOException if that cannot be written
   */
  void withCopy(Path library, Consumer<Path> action) throws IOException {
    removeLeftovers();
    try (Closeable _ = use()) {
      Path copy = Files.createTempFile(path, library.getFileName().toString(), SUFFIX);
      try {
        Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
        action.accept(copy);
      } finally {
        Files.deleteIfExists(copy);
      }
    } catch (IOException e) {
      throw cannotWrite(path.resolve(library.getFileName()), e);
    }
  }

  private boolean isIntact(JarLibrary library) {
    Path file = path.resolve(library.file());
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || ownership.objection(file).isPresent()
          || Files.size(file) != library.size()) {
        return false;
      }
      try (InputStream bytes = Files.newInputStream(file)) {
        return library.isContent(bytes);
      }
    } catch (IOException e) {
      return false; // What cannot be read is written anew.
    }
  }

  private void extract(JarLibrary library) throws IOException {
    try {
      replace(
          library.file(),
          out -> {
            try (InputStream bytes = library.open()) {
              bytes.transferTo(out);
            }
          });
    } catch (IOException e) {
      throw cannotWrite(path.resolve(library.file()), e);
    }
    if (!isIntact(library)) {
      throw new IOException(
          path.resolve(library.file())
              + " differs from "
              + library.url()
              + " after it was written");
    }
  }

  private void replace(String name, Content content) throws IOException {
    try (Closeable _ = use()) {
      Path temporary = Files.createTempFile(path, name, SUFFIX);
      try {
        try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
          content.writeTo(out);
          out.getFD().sync();
        }
        Files.move(temporary, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
    }
  }

  /**
   * What changes with every write to a library's file, its name and the content that it must have.
   */
  private Optional<String> facts(JarLibrary library) throws IOException {
    Path file = path.resolve(library.file());
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        || ownership.objection(file).isPresent()) {
      return Optional.empty();
    }
    Map<String, Object> facts = Files.readAttributes(file, "unix:ino,size,lastModifiedTime,ctime");
    return Optional.of(
        Text.format(
            "%s %08x %d %d %d %d",
            library.file(),
            library.checksum(),
            (Long) facts.get("size"),
            (Long) facts.get("ino"),
            ((FileTime) facts.get("lastModifiedTime")).to(TimeUnit.NANOSECONDS),
            ((FileTime) facts.get("ctime")).to(TimeUnit.NANOSECONDS)));
  }

  private Set<String> checked() {
    try {
      Path file = path.resolve(CHECKED);
      return ownership.objection(file).isPresent()
          ? Set.of()
          : new TreeSet<>(Files.readAllLines(file));
    } catch (IOException e) {
      return Set.of();
    }
  }

  private void remember(Set<String> checked) {
    try {
      byte[] lines = (String.join("\n", checked) + "\n").getBytes(StandardCharsets.UTF_8);
      replace(CHECKED, out -> out.write(lines));
    } catch (IOException e) {
      return; // A folder that is root's, or read-only: the libraries are read again next time.
    }
  }

  /** Deletes what killed processes left; that it cannot be done harms nobody. */
  private void removeLeftovers() {
    try {
      if (!OwnFiles.list(path, TEMPORARY).isEmpty()) {
        try (FileChannel channel = lockFile();
            FileLock alone = channel.tryLock()) {
          if (alone != null) {
            OwnFiles.delete(path, TEMPORARY, name -> true);
          }
        }
      }
    } catch (IOException | OverlappingFileLockException e) {
      return;
    }
  }

  /** Keeps others from deleting temporary files until it is closed. */
  private Closeable use() throws IOException {
    FileChannel channel = lockFile();
    try {
      channel.lock(0, Long.MAX_VALUE, true);
    } catch (IOException | OverlappingFileLockException e) {
      return channel; // A file system without locks: nobody deletes there either.
    }
    return channel;
  }

  private FileChannel lockFile() throws IOException {
    return FileChannel.open(
        path.resolve(LOCK),
        Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static IOException cannotWrite(Path target, IOException e) {
    return new IOException("cannot write " + target + " (" + IoErrors.reason(e) + ")", e);
  }
}
