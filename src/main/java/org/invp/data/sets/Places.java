package org.invp.data.sets;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/** Looks for the files and folders of a data set where people put them. */
final class Places {
  private Places() {}

  /**
   * The folder that holds an entry: one of the nested folders, else the given one.
   *
   * @param folder what the user named
   * @param entry a file or folder that tells the right one
   * @param nested where archives put it, relative to {@code folder}
   * @throws InvalidDataException if none holds it, listing where it was looked for
   */
  static Path holding(Path folder, String entry, String of, String... nested) {
    List<Path> places = Arrays.stream(nested).map(folder::resolve).collect(Collectors.toList());
    places.add(folder);
    return places.stream()
        .filter(place -> Files.exists(place.resolve(entry)))
        .findFirst()
        .orElseThrow(() -> missing(of, places.stream().map(p -> p.resolve(entry)).toList()));
  }

  /** The first file that exists. */
  static Path first(String of, Path... candidates) {
    return Arrays.stream(candidates)
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() -> missing(of, List.of(candidates)));
  }

  private static InvalidDataException missing(String of, List<Path> tried) {
    return new InvalidDataException(
        Text.format(
            "%s: no such file or folder%s; expected as part of %s",
            tried.get(tried.size() - 1),
            tried.size() == 1
                ? ""
                : ", nor "
                    + tried.subList(0, tried.size() - 1).stream()
                        .map(Path::toString)
                        .collect(Collectors.joining(", ")),
            of));
  }
}
