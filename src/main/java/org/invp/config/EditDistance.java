package org.invp.config;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** How many letters separate two names; finds what a mistyped key was meant to be. */
final class EditDistance {
  private EditDistance() {}

  /** The key that a mistyped one was most likely meant to be. */
  static String nearestKey(String mistyped, List<String> known) {
    return Collections.min(
        known, Comparator.comparingInt(candidate -> betweenKeys(mistyped, candidate)));
  }

  /** A right name in the wrong section is nearer than a wrong name in the right one. */
  private static int betweenKeys(String key, String candidate) {
    return 2 * between(lastName(key), lastName(candidate)) + between(key, candidate);
  }

  private static String lastName(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  /** Letters to insert, delete or replace to turn one name into the other (Levenshtein). */
  static int between(String left, String right) {
    int[] previous = new int[right.length() + 1];
    for (int j = 0; j < previous.length; j++) {
      previous[j] = j;
    }
    int[] current = new int[previous.length];
    for (int i = 1; i <= left.length(); i++) {
      current[0] = i;
      for (int j = 1; j < current.length; j++) {
        int replace = previous[j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replace, 1 + Math.min(previous[j], current[j - 1]));
      }
      int[] done = current;
      current = previous;
      previous = done;
    }
    return previous[right.length()];
  }
}
