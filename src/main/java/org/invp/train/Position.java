package org.invp.train;

/**
 * How far a run has come.
 *
 * @param epoch the epoch in progress, counted from 1
 * @param batch batches of this epoch that are done
 * @param step steps that are done since the start of the run
 */
record Position(int epoch, int batch, long step) {
  static final Position START = new Position(1, 0, 0);

  Position afterStep() {
    return new Position(epoch, batch + 1, step + 1);
  }

  Position nextEpoch() {
    return new Position(epoch + 1, 0, step);
  }
}
