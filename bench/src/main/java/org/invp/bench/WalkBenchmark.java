package org.invp.bench;

import org.openjdk.jmh.annotations.Benchmark;

/** The walk over the neighbour graph from every image of a batch. */
public class WalkBenchmark extends ShortRun {
  /** One batch. */
  @Benchmark
  public void walk(StepInputs inputs) {
    inputs.walk();
  }
}
