package org.invp.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.invp.bank.BankEngine;

/**
 * Seconds that some work took, the memory it needed, and the machine's limit while it ran.
 *
 * @param seconds of every repeat
 * @param extraBytes most resident memory during the work, first run included, minus the memory just
 *     before it; negative where it cannot be told
 * @param peakGflops of the engine's threads doing fused multiply-adds alone; measured before and
 *     after the work, not between its repeats, which follow each other as a peer's do; the larger
 */
record BenchMeasurement(double[] seconds, long extraBytes, double peakGflops) {
  private static final double NANOS = 1e-9;
  private static final double MEBI = 1 << 20;
  private static final double PEAK_SECONDS = 0.1;

  /** What is measured. */
  interface Work {
    /** Draws the inputs of the next run; not timed. */
    default void prepare() {}

    /** Warms up threads and caches; not timed, but its memory counts. */
    default void warmUp() {
      prepare();
      run();
    }

    /** The work itself. */
    void run();
  }

  /** Measures {@code work} so many times. */
  static BenchMeasurement of(BankEngine engine, int repeats, Work work) {
    double[] seconds = new double[repeats];
    double before = engine.peakGflops(PEAK_SECONDS);
    ProcessMemory memory = ProcessMemory.start();
    work.warmUp();
    for (int i = 0; i < repeats; i++) {
      work.prepare();
      long start = System.nanoTime();
      work.run();
      seconds[i] = (System.nanoTime() - start) * NANOS;
    }
    long extraBytes = memory.extraBytes();
    double after = engine.peakGflops(PEAK_SECONDS);
    return new BenchMeasurement(seconds, extraBytes, Math.max(before, after));
  }

  /**
   * The figures by name: seconds, MiB, 10^9 operations per second.
   *
   * @param operations of one run's search, two per multiply-add
   */
  Map<String, Object> figures(BankEngine engine, double operations) {
    double median = median(seconds);
    double gflops = operations / median * NANOS;
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("engine", engine.info());
    figures.put("median_s", median);
    figures.put("min_s", Arrays.stream(seconds).min().orElseThrow());
    figures.put("max_s", Arrays.stream(seconds).max().orElseThrow());
    figures.put("extra_mb", extraBytes < 0 ? null : extraBytes / MEBI);
    figures.put("gflops", gflops);
    figures.put("peak_gflops", peakGflops);
    figures.put("peak_share", gflops / peakGflops);
    return figures;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
