package org.invp.objective;

/** Who keeps the neighbour graph up to date. */
public enum GraphUpdate {
  /** Every step writes the rows of its batch, as published. */
  LAZY,
  /** No step writes; the whole graph is rebuilt, exactly, between epochs. */
  EPOCH,
  /**
   * No step writes; the exact graph of the images' raw pixels, built once before the first step.
   * What it finds wrong is not what the network confuses.
   */
  PIXELS
}
