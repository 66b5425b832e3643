package org.invp.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.invp.NativeLibraryException;

/**
 * Loads a {@link LibrarySet} from the first place that has all of it. What it opens stays open when
 * the class loader is gone.
 */
final class LibraryLoader {
  /** A text constant is one object for all class loaders, which take turns. */
  private static final String PROCESS = "org.invp.internal.LibraryLoader: one at a time";

  /** What this class loader has opened, or a copy of it. */
  private static final Set<Path> OPENED = new HashSet<>();

  private LibraryLoader() {}

  /**
   * Loads every file of the set that its place has, in order.
   *
   * @return the folder they were loaded from
   * @throws NativeLibraryException if no place will do; the message names each and why
   */
  static Path load(LibrarySet set) {
    return load(set, LibraryPlaces.of(set));
  }

  static Path load(LibrarySet set, List<LibraryPlaces.Place> places) {
    synchronized (PROCESS) {
      try {
        Optional<Path> open = openAlready(set);
        return open.isPresent() ? open.get() : loadFromFirst(set, places);
      } catch (IllegalCallerException e) {
        throw new NativeLibraryException(
            "cannot load "
                + set.name()
                + ": the JVM denies native access; start it with"
                + " --enable-native-access=ALL-UNNAMED",
            e);
      }
    }
  }

  /** Whether this class loader opened something from a folder, and not other code before it. */
  static boolean hasOpenedFrom(Path folder) {
    synchronized (PROCESS) {
      return OPENED.stream().anyMatch(file -> folder.equals(file.getParent()));
    }
  }

  /** Where a set of which there is one for the process lies, if it is open, whoever opened it. */
  private static Optional<Path> openAlready(LibrarySet set) {
    List<Path> open = openMembers(set);
    return open.isEmpty() || isOpenInPart(set)
        ? Optional.empty()
        : Optional.of(open.getLast().getParent());
  }

  /** Parts of two builds do not work together, so that the rest cannot come from anywhere. */
  private static boolean isOpenInPart(LibrarySet set) {
    int open = openMembers(set).size();
    return open > 0 && open < set.members().stream().filter(LibrarySet.Member::required).count();
  }

  /** The required libraries of such a set that are open. */
  private static List<Path> openMembers(LibrarySet set) {
    return set.members().stream()
        .filter(member -> member.required() && set.opening() == LibrarySet.Opening.ONE)
        .flatMap(member -> OpenLibraries.keep(member.file()).stream())
        .toList();
  }

  private static Path loadFromFirst(LibrarySet set, List<LibraryPlaces.Place> places) {
    List<String> failures = new ArrayList<>();
    for (LibraryPlaces.Place place : places) {
      if (isOpenInPart(set)) {
        failures.add(
            openMembers(set).getFirst()
                + " is open in this process without the libraries that go with it");
        break;
      }
      try {
        return loadFrom(set, place);
      } catch (IOException | UnsatisfiedLinkError e) {
        failures.add(describe(place) + ": " + oneLine(e.getMessage()));
      }
    }
    throw new NativeLibraryException(
        "cannot load "
            + set.name()
            + "; tried "
            + (failures.isEmpty() ? "nothing" : String.join("; ", failures))
            + "; "
            + set.remedy());
  }

  private static Path loadFrom(LibrarySet set, LibraryPlaces.Place place) throws IOException {
    return switch (place) {
      case LibraryPlaces.Folder known -> loadFrom(set, known.path(), "");
      case LibraryPlaces.BuildTree tree -> {
        requireOwnerOfCode(tree);
        yield loadFrom(set, tree.path(), "");
      }
      case LibraryPlaces.ClassPath unknown -> {
        LibraryCache.Folder folder = LibraryCache.folderOf(set);
        yield loadFrom(set, folder.path(), folder.extracted() ? LibraryCache.ADVICE : "");
      }
    };
  }

  /** Who runs code from a build tree trusts its owner, and nobody else who can write there. */
  private static void requireOwnerOfCode(LibraryPlaces.BuildTree tree) throws IOException {
    if (Files.exists(tree.path())) {
      Ownership ownership = Ownership.ofThisProcess().andOwnerOf(tree.code());
      Optional<String> objection = ownership.objection(tree.path());
      if (objection.isPresent()) {
        throw new IOException(objection.get());
      }
    }
  }

  private static Path loadFrom(LibrarySet set, Path folder, String advice) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException("no such folder");
    }
    List<Path> files = new ArrayList<>();
    for (LibrarySet.Member member : set.members()) {
      Path file = folder.resolve(member.file());
      if (Files.isRegularFile(file)) {
        files.add(file);
      } else if (member.required()) {
        throw new IOException("no " + member.file());
      }
    }
    for (Path file : files) {
      try {
        open(set, file);
      } catch (UnsatisfiedLinkError e) {
        List<String> missing = SymbolVersions.missing(files);
        throw new IOException(
            missing.isEmpty()
                ? oneLine(e.getMessage()) + advice
                : "it needs " + String.join("; and ", missing),
            e);
      }
    }
    return folder;
  }

  private static void open(LibrarySet set, Path file) throws IOException {
    boolean one = set.opening() == LibrarySet.Opening.ONE;
    if (OPENED.contains(file)
        || one && OpenLibraries.keep(file.getFileName().toString()).isPresent()) {
      return;
    }
    try {
      System.load(file.toString());
      OpenLibraries.keep(file.toString());
    } catch (UnsatisfiedLinkError e) {
      if (OpenLibraries.keep(file.toString()).isEmpty()) {
        throw e;
      }
      // It is open, but the JVM gives a library to one class loader only.
      openBesideAnother(set, file);
    }
    OPENED.add(file);
  }

  private static void openBesideAnother(LibrarySet set, Path file) throws IOException {
    switch (set.opening()) {
      case ONE -> {}
      case COPY ->
          LibraryCache.withCopy(
              file,
              copy -> {
                System.load(copy.toString());
                OpenLibraries.keep(copy.toString());
              });
      case FIRST_ONLY ->
          throw new NativeLibraryException(
              Text.format(
                  "another class loader of this process has %s open, which the JVM gives to one"
                      + " only; put invp into a class loader that is the parent of both",
                  file));
    }
  }

  private static String describe(LibraryPlaces.Place place) {
    return switch (place) {
      case LibraryPlaces.Folder folder -> folder.path() + " (" + folder.reason() + ")";
      case LibraryPlaces.BuildTree tree -> tree.path() + " (build tree)";
      case LibraryPlaces.ClassPath unknown -> "class path";
    };
  }

  private static String oneLine(String message) {
    return message == null ? "unknown reason" : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
