package org.invp.objective;

import org.invp.bank.Device;
import org.invp.bank.Simt;
import org.junit.jupiter.api.BeforeAll;

/**
 * The same properties of the CUDA kernels, on the emulated device; fewer cases, since it is slow.
 */
class ObjectivePropertySimtTest extends ObjectivePropertyTest {
  private static final int TRIALS = 8;

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
