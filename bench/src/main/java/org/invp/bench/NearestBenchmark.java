package org.invp.bench;

import org.openjdk.jmh.annotations.Benchmark;

/** The search for the rows most similar to every query of a batch: nearly all of a step's time. */
public class NearestBenchmark extends ShortRun {
  /** One batch. */
  @Benchmark
  public void nearest(StepInputs inputs) {
    inputs.nearest();
  }
}
