package org.invp.bank;

/** Which definitions a training step follows. */
public enum Mode {
  /** The set definitions of the paper: positives are a set, the anchor stands outside it. */
  PAPER,
  /** What the published program computes: the walk is a concatenation, repeats count. */
  OFFICIAL
}
