package org.invp.bank;

import java.util.Arrays;

/** Checks that tensors have the extents a native call is about to assume. */
final class Shapes {
  private Shapes() {}

  /** Throws unless {@code actual} equals {@code expected}; the message names the tensor. */
  static void require(String name, long[] actual, long... expected) {
    if (!Arrays.equals(actual, expected)) {
      throw new IllegalArgumentException(
          name + " has shape " + Arrays.toString(actual) + ", needs " + Arrays.toString(expected));
    }
  }

  /** An extent that the C interface takes as 32 bits. */
  static int extent(String name, long value) {
    if (value < 1 || value > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(name + " is " + value + ", allowed: 1 to 2147483647");
    }
    return (int) value;
  }
}
