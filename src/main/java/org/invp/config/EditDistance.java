package org.invp.config;

/** How many letters separate two names; finds what a mistyped key was meant to be. */
final class EditDistance {
  private EditDistance() {}

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
