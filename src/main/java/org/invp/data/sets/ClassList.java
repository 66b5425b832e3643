package org.invp.data.sets;

import java.nio.file.Path;
import java.util.List;
import org.invp.data.sets.TextLines.Line;

/** The file of {@code data.classes_file}: one class per line. */
final class ClassList {
  private static final String OF = "the data set (data.classes_file)";

  private ClassList() {}

  /** Reads a file that lies in the data set's folder, else counts from the working directory. */
  static List<Line> read(Path folder, String name) {
    return TextLines.read(Places.first(OF, folder.resolve(name), Path.of(name)), OF);
  }
}
