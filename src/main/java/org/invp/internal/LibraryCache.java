package org.invp.internal;

import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The user's cache of shared libraries that came in a jar: {@code -Dinvp.cache.dir}, else {@code
 * $XDG_CACHE_HOME/invp}, else {@code ~/.cache/invp}.
 *
 * <p>A folder's name is a digest of the names, sizes and checksums in the jar's directory, so two
 * builds never mix. Where another user has that folder already, this one's lies in a folder that
 * has the user's number.
 */
final class LibraryCache {
  private static final String PROPERTY = "invp.cache.dir";
  private static final String REMEDY = "; name another folder with -D" + PROPERTY + "=DIR";
  private static final int KEY_BYTES = 8;

  /** What may help where a library of the cache does not load. */
  static final String ADVICE =
      " (if that folder's file system is mounted noexec, name another with -D" + PROPERTY + "=DIR)";

  private LibraryCache() {}

  /**
   * Where a set's libraries are files.
   *
   * @param extracted whether it is a folder of the cache
   */
  record Folder(Path path, boolean extracted) {}

  /**
   * The folder with the set's libraries, extracted if need be.
   *
   * @throws IOException if a required one is not on the class path, or cannot be written where only
   *     trusted users can change it
   */
  static Folder folderOf(LibrarySet set) throws IOException {
    List<JarLibrary> libraries = onClassPath(set, LibraryCache.class.getClassLoader());
    Path unpacked = unpacked(libraries);
    return unpacked != null
        ? new Folder(unpacked, false)
        : new Folder(extracted(set, libraries, root()), true);
  }

  static Path folderOf(LibrarySet set, ClassLoader classPath, Path root) throws IOException {
    List<JarLibrary> libraries = onClassPath(set, classPath);
    Path unpacked = unpacked(libraries);
    return unpacked != null ? unpacked : extracted(set, libraries, root);
  }

  /** Runs an action with a copy of a library, which has a name and an inode of its own. */
  static void withCopy(Path library, Consumer<Path> action) throws IOException {
    try {
      folder(root(), "copies").withCopy(library, action);
    } catch (IOException e) {
      throw new IOException(e.getMessage() + REMEDY, e);
    }
  }

  private static List<JarLibrary> onClassPath(LibrarySet set, ClassLoader classPath)
      throws IOException {
    List<JarLibrary> libraries = new ArrayList<>();
    for (LibrarySet.Member member : set.members()) {
      URL url = classPath.getResource(member.resource());
      if (url != null) {
        libraries.add(JarLibrary.of(member.file(), url));
      } else if (member.required()) {
        throw new IOException("no " + member.resource());
      }
    }
    return libraries;
  }

  /** The folder that holds all of them as files; null if there is none. */
  private static Path unpacked(List<JarLibrary> libraries) {
    Set<Path> folders = new HashSet<>();
    for (JarLibrary library : libraries) {
      folders.add(library.asFile().map(Path::getParent).orElse(null));
    }
    return folders.size() == 1 ? folders.iterator().next() : null;
  }

  private static Path extracted(LibrarySet set, List<JarLibrary> libraries, Path root)
      throws IOException {
    try {
      CacheFolder folder = folder(root, set.name().replace(".so", "") + "-" + key(libraries));
      folder.fill(libraries);
      return folder.path();
    } catch (IOException e) {
      throw new IOException(e.getMessage() + REMEDY, e);
    }
  }

  private static CacheFolder folder(Path root, String name) throws IOException {
    Ownership ownership = Ownership.ofThisProcess();
    try {
      return CacheFolder.at(root.resolve(name), ownership);
    } catch (IOException e) {
      try {
        return CacheFolder.at(root.resolve("user-" + Ownership.user()).resolve(name), ownership);
      } catch (IOException again) {
        throw e;
      }
    }
  }

  private static Path root() throws IOException {
    return root(
        System.getProperty(PROPERTY),
        System.getenv("XDG_CACHE_HOME"),
        System.getProperty("user.home"));
  }

  /** Relative folders count only where the user names one: others depend on who started what. */
  static Path root(String property, String xdg, String home) throws IOException {
    if (property != null && !property.isBlank()) {
      return Path.of(property).toAbsolutePath();
    }
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      return Path.of(xdg, "invp");
    }
    if (home == null || !Path.of(home).isAbsolute()) {
      throw new IOException(
          "the user has no home folder for a cache of libraries; name a folder for it with -D"
              + PROPERTY
              + "=DIR");
    }
    return Path.of(home, ".cache", "invp");
  }

  private static String key(List<JarLibrary> libraries) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (JarLibrary library : libraries) {
        String line = library.file() + " " + library.size() + " " + library.checksum() + "\n";
        digest.update(line.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, KEY_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
