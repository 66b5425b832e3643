package org.invp.internal;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Path;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;

/**
 * A shared library on the class path, mostly in a jar.
 *
 * @param file its file name
 * @param url where its bytes are
 * @param size how many
 * @param checksum the CRC-32 of them, which a jar's directory has
 */
record JarLibrary(String file, URL url, long size, long checksum) {
  private static final int BUFFER = 1 << 16;

  static JarLibrary of(String file, URL url) throws IOException {
    URLConnection connection = url.openConnection();
    // What the JVM would cache it would keep when the jar is replaced.
    connection.setUseCaches(false);
    if (connection instanceof JarURLConnection inJar) {
      try (JarFile jar = inJar.getJarFile()) {
        ZipEntry entry = jar.getEntry(inJar.getEntryName());
        return new JarLibrary(file, url, entry.getSize(), entry.getCrc());
      }
    }
    CRC32 checksum = new CRC32();
    try (InputStream bytes = connection.getInputStream()) {
      return new JarLibrary(file, url, read(bytes, checksum), checksum.getValue());
    }
  }

  /** The file, if it is one already and in no jar. */
  Optional<Path> asFile() {
    return "file".equals(url.getProtocol())
        ? Optional.of(Path.of(URI.create(url.toString())))
        : Optional.empty();
  }

  /** The library's bytes; the caller closes them. */
  InputStream open() throws IOException {
    URLConnection connection = url.openConnection();
    connection.setUseCaches(false);
    return connection.getInputStream();
  }

  /** Whether these are the library's bytes. */
  boolean isContent(InputStream bytes) throws IOException {
    CRC32 found = new CRC32();
    return read(bytes, found) == size && found.getValue() == checksum;
  }

  private static long read(InputStream bytes, CRC32 checksum) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long size = 0;
    for (int count; (count = bytes.read(buffer)) >= 0; size += count) {
      checksum.update(buffer, 0, count);
    }
    return size;
  }
}
