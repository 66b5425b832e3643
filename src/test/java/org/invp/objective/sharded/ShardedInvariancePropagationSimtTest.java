package org.invp.objective.sharded;

import org.invp.bank.Device;
import org.invp.bank.Simt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The same with the rows on the emulated CUDA device; fewer cases, since it is slow. */
@Tag("slow")
class ShardedInvariancePropagationSimtTest extends ShardedInvariancePropagationTest {
  private static final int TRIALS = 4;

  @BeforeAll
  static void emulatedDevice() {
    Simt.require();
  }

  @Override
  Device device() {
    return Simt.DEVICE;
  }

  @Override
  int trials() {
    return TRIALS;
  }
}
