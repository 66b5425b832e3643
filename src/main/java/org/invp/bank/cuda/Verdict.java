package org.invp.bank.cuda;

import java.util.OptionalInt;

/** What a kernel found wrong with its data, as {@code invp/bank_cuda.h} encodes it. */
final class Verdict {
  private Verdict() {}

  /** The first row at fault; empty if all is well. */
  static OptionalInt of(int word) {
    return word == 0 ? OptionalInt.empty() : OptionalInt.of(Integer.MAX_VALUE - word);
  }
}
