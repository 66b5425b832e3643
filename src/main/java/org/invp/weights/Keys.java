package org.invp.weights;

import java.util.Map;
import java.util.stream.Collectors;
import org.invp.internal.Text;

/** Lists what a file holds, for messages. */
final class Keys {
  private static final int MOST = 40;
  private static final int LONGEST = 120;

  private Keys() {}

  static String list(Map<String, StridedTensor> tensors) {
    String listed =
        tensors.entrySet().stream()
            .limit(MOST)
            .map(entry -> printable(entry.getKey()) + " " + entry.getValue())
            .collect(Collectors.joining(", "));
    int more = tensors.size() - MOST;
    return more > 0 ? listed + Text.format(" and %d more", more) : listed;
  }

  /** Names what a file holds that is not read; nothing where there is nothing. */
  static String unread(Map<String, String> unread) {
    String listed =
        unread.entrySet().stream()
            .limit(MOST)
            .map(entry -> printable(entry.getKey()) + " (" + entry.getValue() + ")")
            .collect(Collectors.joining(", "));
    return unread.isEmpty() ? "" : "; not read: " + listed;
  }

  static String printable(String name) {
    String line = name.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
