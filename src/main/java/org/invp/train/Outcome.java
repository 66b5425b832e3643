package org.invp.train;

/** How a call of {@link Trainer#run} ended. */
public enum Outcome {
  /** All epochs are done. */
  COMPLETE,
  /** Somebody asked to stop; the checkpoint holds the state after the last step. */
  STOPPED
}
