package org.invp.internal;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipEntry;

/**
 * Extracts shared libraries from a jar into a folder of the user's cache, once per content.
 *
 * <p>The folder's name is a digest of the names, sizes and checksums in the jar's directory, so two
 * builds never mix and nothing is read to find out that all is there already. Each file is written
 * under a temporary name and renamed, so a process that dies, or another that extracts at the same
 * time, leaves no half of a file behind.
 */
final class LibraryCache {
  private static final String PROPERTY = "invp.cache.dir";
  private static final int KEY_BYTES = 8;

  private LibraryCache() {}

  /** A library in a jar: its file name, and where its bytes are. */
  private record Entry(String file, URL url, long size, long checksum) {}

  /**
   * The folder with the set's libraries, extracted if need be.
   *
   * @throws IOException if a required one is not on the class path, or cannot be written
   */
  static Path folderOf(LibrarySet set) throws IOException {
    return folderOf(set, LibraryCache.class.getClassLoader(), root());
  }

  static Path folderOf(LibrarySet set, ClassLoader classPath, Path root) throws IOException {
    List<Entry> entries = new ArrayList<>();
    Set<Path> folders = new HashSet<>();
    for (LibrarySet.Member member : set.members()) {
      URL url = classPath.getResource(member.resource());
      if (url != null) {
        entries.add(entry(member.file(), url));
        folders.add(
            "file".equals(url.getProtocol())
                ? Path.of(URI.create(url.toString())).getParent()
                : null);
      } else if (member.required()) {
        throw new IOException("no " + member.resource());
      }
    }
    if (folders.size() == 1 && !folders.contains(null)) {
      return folders.iterator().next();
    }
    Path folder = root.resolve(set.name().replace(".so", "") + "-" + key(entries));
    for (Entry entry : entries) {
      extract(entry, folder);
    }
    return folder;
  }

  private static Entry entry(String file, URL url) throws IOException {
    URLConnection connection = url.openConnection();
    if (connection instanceof JarURLConnection jar) {
      ZipEntry entry = jar.getJarEntry();
      return new Entry(file, url, entry.getSize(), entry.getCrc());
    }
    connection.getInputStream().close();
    return new Entry(file, url, connection.getContentLengthLong(), connection.getLastModified());
  }

  private static Path root() {
    String property = System.getProperty(PROPERTY);
    if (property != null && !property.isBlank()) {
      return Path.of(property).toAbsolutePath();
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path cache =
        xdg == null || xdg.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdg);
    return cache.resolve("invp").toAbsolutePath();
  }

  private static String key(List<Entry> entries) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Entry entry : entries) {
        String line = entry.file() + " " + entry.size() + " " + entry.checksum() + "\n";
        digest.update(line.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, KEY_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static void extract(Entry entry, Path folder) throws IOException {
    Path target = folder.resolve(entry.file());
    if (Files.isRegularFile(target) && Files.size(target) == entry.size()) {
      return;
    }
    try {
      Files.createDirectories(folder);
      Path partial = Files.createTempFile(folder, entry.file(), ".partial");
      try (InputStream bytes = entry.url().openStream()) {
        Files.copy(bytes, partial, StandardCopyOption.REPLACE_EXISTING);
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw new IOException(
          "cannot write " + target + " (" + reason(e) + "); name another folder with -D" + PROPERTY,
          e);
    }
  }

  private static String reason(IOException e) {
    String message = e.getMessage() == null ? "" : ": " + e.getMessage();
    return e.getClass().getSimpleName() + message;
  }
}
