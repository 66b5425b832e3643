package org.invp.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.NativeLibraryException;

/** Loads a {@link LibrarySet} from the first place that has all of it. */
final class LibraryLoader {
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
    List<String> failures = new ArrayList<>();
    for (LibraryPlaces.Place place : places) {
      try {
        return loadFrom(set, place);
      } catch (IOException | UnsatisfiedLinkError e) {
        failures.add(describe(place) + ": " + oneLine(e.getMessage()));
      } catch (IllegalCallerException e) {
        throw new NativeLibraryException(
            "cannot load "
                + set.name()
                + ": the JVM denies native access; start it with"
                + " --enable-native-access=ALL-UNNAMED",
            e);
      }
    }
    throw new NativeLibraryException(
        "cannot load "
            + set.name()
            + "; tried "
            + String.join("; ", failures)
            + "; "
            + set.remedy());
  }

  private static Path loadFrom(LibrarySet set, LibraryPlaces.Place place) throws IOException {
    Path folder =
        switch (place) {
          case LibraryPlaces.Folder known -> known.path();
          case LibraryPlaces.ClassPath unknown -> LibraryCache.folderOf(set);
        };
    if (!Files.isDirectory(folder)) {
      throw new IOException("no such folder");
    }
    for (LibrarySet.Member member : set.members()) {
      if (member.required() && !Files.isRegularFile(folder.resolve(member.file()))) {
        throw new IOException("no " + member.file());
      }
    }
    for (LibrarySet.Member member : set.members()) {
      Path file = folder.resolve(member.file());
      if (Files.isRegularFile(file)) {
        System.load(file.toString());
      }
    }
    return folder;
  }

  private static String describe(LibraryPlaces.Place place) {
    return switch (place) {
      case LibraryPlaces.Folder folder -> folder.path() + " (" + folder.reason() + ")";
      case LibraryPlaces.ClassPath unknown -> "class path";
    };
  }

  private static String oneLine(String message) {
    return message == null ? "unknown reason" : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
