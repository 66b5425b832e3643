package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TorchRuntimeTest {
  @Test
  void infoNamesThePinnedVersion() {
    TorchRuntime.Info info = TorchRuntime.info();
    assertEquals("2.13.0", info.version());
    assertFalse(info.cpuCapability().isBlank());
    assertFalse(info.build().isBlank());
  }

  @Test
  void threadsApplyToEveryCallingThread() throws InterruptedException {
    int before = TorchRuntime.info().threads();
    try {
      TorchRuntime.setThreads(1);
      assertEquals(1, TorchRuntime.info().threads());
      int[] seen = new int[1];
      Thread other = new Thread(() -> seen[0] = TorchRuntime.info().threads());
      other.start();
      other.join();
      assertEquals(1, seen[0]);
    } finally {
      TorchRuntime.setThreads(before);
    }
  }

  @Test
  void noThreadsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> TorchRuntime.setThreads(0));
  }
}
