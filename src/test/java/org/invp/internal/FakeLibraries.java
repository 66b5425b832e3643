package org.invp.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** A set of two libraries that are not libraries, and jars that hold them. */
final class FakeLibraries {
  static final LibrarySet SET =
      new LibrarySet(
          "libfake.so",
          "invp.fake",
          "INVP_FAKE",
          List.of(
              new LibrarySet.Member("libhelper.so.1", "native/libhelper.so.1", false),
              new LibrarySet.Member("libfake.so", "native/libfake.so", true)),
          LibrarySet.Opening.COPY,
          Path.of("build", "fake"),
          "run 'make fake'");

  private FakeLibraries() {}

  /** A class path of one jar with the named resource and content pairs. */
  static URLClassLoader jar(Path file, String... resources) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      for (int i = 0; i < resources.length; i += 2) {
        jar.putNextEntry(new JarEntry(resources[i]));
        jar.write(resources[i + 1].getBytes(StandardCharsets.UTF_8));
        jar.closeEntry();
      }
    }
    return new URLClassLoader(new URL[] {file.toUri().toURL()}, null);
  }
}
