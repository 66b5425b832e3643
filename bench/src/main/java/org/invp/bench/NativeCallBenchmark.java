package org.invp.bench;

import java.util.concurrent.TimeUnit;
import org.invp.bindings.bank.InvpBank;
import org.invp.internal.NativeLibraries;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What one call into native code costs by itself: the floor under every stage of a training step,
 * of which there are a handful per batch.
 */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NativeCallBenchmark extends ShortRun {
  /** Loads the library that is called. */
  @Setup
  public void load() {
    NativeLibraries.requireBank();
  }

  /** The smallest call there is: no argument, no work. */
  @Benchmark
  public int emptyCall() {
    return InvpBank.invp_bank_abi_version();
  }
}
