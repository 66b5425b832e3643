package org.invp.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.invp.internal.Text;

/** Counts files and folders that a scan leaves out, and keeps the names of the first few. */
public final class LeftOut {
  private static final int NAMED = 3;

  private final List<String> first = new ArrayList<>();
  private int count;

  /** Notes a file or folder. */
  void add(Path path) {
    count++;
    if (first.size() < NAMED) {
      first.add(path.toString());
    }
  }

  /** What was left out, in a sentence; nothing if nothing was. */
  public Optional<String> remark() {
    if (count == 0) {
      return Optional.empty();
    }
    return Optional.of(
        Text.format(
            "%d hidden files or folders were left out: %s%s",
            count, String.join(", ", first), count > NAMED ? ", ..." : ""));
  }
}
