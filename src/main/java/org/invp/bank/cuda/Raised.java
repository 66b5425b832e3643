package org.invp.bank.cuda;

import java.util.OptionalInt;
import org.invp.InvalidDataException;

/**
 * Verdicts that kernels raise without anybody waiting for them. Each has a word on the device that
 * stays as it is until a wait has read it, so that several calls may raise one.
 */
enum Raised {
  /** Of ids to be scored. */
  SCORE("an id to be scored with query %d is no row of the bank"),
  /** Of rows to be summed. */
  SUMS("the rows to be summed for place %d of the batch are no ascending ids of the bank"),
  /** Of graph rows to be written. */
  GRAPH(
      "the anchor in place %d of the batch or one of its nearest is no row of the graph, or too few"
          + " of them are others; nothing was written"),
  /** Of bank rows to be written; a second number tells which embedding is not finite. */
  UPDATE("the anchor in place %d of the batch is no row of the bank; nothing was written");

  private static final int FIRST_WORD = 8;

  private final String message;

  Raised(String message) {
    this.message = message;
  }

  /** Which of the context's words it is. */
  int word() {
    return FIRST_WORD + ordinal();
  }

  /** Throws what the words say, if they say anything. */
  static void refuse(CudaContext.Words words) {
    for (Raised raised : values()) {
      refuse(words.integer(raised.word()), raised.message);
    }
    OptionalInt row = Verdict.of(words.secondInteger(UPDATE.word()));
    if (row.isPresent()) {
      throw new InvalidDataException(
          "embedding " + row.getAsInt() + " is not finite; nothing was written");
    }
  }

  /** Throws that ids are wrong, if a verdict says so. */
  static void refuse(int word, String message) {
    OptionalInt row = Verdict.of(word);
    if (row.isPresent()) {
      throw new IllegalArgumentException(message.replace("%d", Integer.toString(row.getAsInt())));
    }
  }
}
