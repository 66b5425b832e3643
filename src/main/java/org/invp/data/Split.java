package org.invp.data;

/** The part of a data set. */
public enum Split {
  /** What the network learns from. */
  TRAIN,
  /** What it is judged on. */
  TEST
}
