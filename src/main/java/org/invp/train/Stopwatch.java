package org.invp.train;

import org.invp.data.DataLoader;

/** Laps of wall-clock time, and the share of each that the loader made the trainer wait. */
final class Stopwatch {
  private static final double NANOS = 1e-9;

  private final DataLoader loader;
  private long lapStart = System.nanoTime();
  private double waitedBefore;

  Stopwatch(DataLoader loader) {
    this.loader = loader;
    waitedBefore = loader.waitSeconds();
  }

  /** Adds the time since the last lap to the totals. */
  void lap(EpochTotals totals) {
    long now = System.nanoTime();
    double waited = loader.waitSeconds();
    totals.addSeconds((now - lapStart) * NANOS, waited - waitedBefore);
    lapStart = now;
    waitedBefore = waited;
  }
}
