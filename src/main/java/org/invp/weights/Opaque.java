package org.invp.weights;

/**
 * Stands for a value of a pickle that is not read. It was not built: nothing is known of it but
 * what the pickle asks for. What is put into it is forgotten, and what is made of it is as opaque.
 *
 * @param what a class, a function or a kind of value; for messages, on one line
 */
record Opaque(String what) {
  private static final int LONGEST = 120;

  /** Keeps the name printable, and short whatever the pickle says. */
  Opaque {
    String line = what.length() <= LONGEST ? what : what.substring(0, LONGEST) + "...";
    what = line.replaceAll("[^\\p{Graph} ]", "?");
  }

  /** The first value that is opaque, itself or directly within a tuple; null if there is none. */
  static Opaque in(Iterable<?> values) {
    for (Object value : values) {
      if (value instanceof Opaque opaque) {
        return opaque;
      }
      if (value instanceof PickleTuple tuple) {
        for (Object inner : tuple.values()) {
          if (inner instanceof Opaque opaque) {
            return opaque;
          }
        }
      }
    }
    return null;
  }
}
