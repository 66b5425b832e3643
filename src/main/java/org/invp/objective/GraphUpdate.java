package org.invp.objective;

/** Who keeps the neighbour graph up to date. */
public enum GraphUpdate {
  /** Every step writes the rows of its batch, as published. */
  LAZY,
  /** No step writes; the whole graph is rebuilt, exactly, between epochs. */
  EPOCH
}
