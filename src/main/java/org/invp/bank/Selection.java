package org.invp.bank;

/** Which of the discovered positives the loss uses. */
public enum Selection {
  /** The least similar to the anchor's embedding: the paper's hard positives (section 3.2). */
  HARD,
  /** The most similar (the published program's --not_hardpos). */
  EASY,
  /** Any of them, drawn anew in every step. */
  RANDOM
}
