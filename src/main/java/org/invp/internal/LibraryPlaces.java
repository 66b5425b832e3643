package org.invp.internal;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;

/** Where the files of a {@link LibrarySet} may lie, first choice first. */
final class LibraryPlaces {
  private LibraryPlaces() {}

  /** A place to look in. */
  sealed interface Place {}

  /** A folder of shared libraries that the user or the system names. */
  record Folder(Path path, String reason) implements Place {}

  /**
   * A folder of shared libraries beside the running code, which nobody named.
   *
   * @param code the jar, or the folder of classes
   */
  record BuildTree(Path path, Path code) implements Place {}

  /** Resources on the class path, to be extracted unless they are files already. */
  record ClassPath() implements Place {}

  /**
   * The places for a set: the one that was asked for, or else the class path and the build tree.
   */
  static List<Place> of(LibrarySet set) {
    return of(
        set,
        System.getProperty(set.property()),
        set.variable() == null ? null : System.getenv(set.variable()));
  }

  static List<Place> of(LibrarySet set, String asked, String variable) {
    if (asked != null && !asked.isBlank()) {
      return List.of(folder(Path.of(asked), "-D" + set.property()));
    }
    if (variable != null && !variable.isBlank()) {
      return List.of(folder(Path.of(variable), set.variable()));
    }
    List<Place> places = new ArrayList<>();
    places.add(new ClassPath());
    places.addAll(buildTrees(set));
    return places;
  }

  /**
   * The build tree that the running code belongs to: the project around {@code target/classes} or
   * {@code target/*.jar}. The working directory is nobody's promise: others may write to it.
   */
  static List<Place> buildTrees(LibrarySet set) {
    return buildTrees(set, codeLocation());
  }

  static List<Place> buildTrees(LibrarySet set, Path code) {
    return code != null && code.getParent() != null && code.getParent().endsWith("target")
        ? List.of(new BuildTree(code.getParent().resolveSibling(set.buildTree()), code))
        : List.of();
  }

  /** A folder with libraries, or one that holds them under {@code lib}. */
  static Folder folder(Path path, String reason) {
    Path absolute = path.toAbsolutePath().normalize();
    Path lib = absolute.resolve("lib");
    return new Folder(lib.toFile().isDirectory() ? lib : absolute, reason);
  }

  private static Path codeLocation() {
    CodeSource source = LibraryPlaces.class.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return null;
    }
    try {
      URI location = source.getLocation().toURI();
      return "file".equals(location.getScheme()) ? Path.of(location) : null;
    } catch (URISyntaxException e) {
      return null;
    }
  }
}
