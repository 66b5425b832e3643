package org.invp.bank.cuda;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.invp.CudaException;
import org.invp.bank.Simt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CudaDeviceTest {
  private static final int CUDA_12_4 = 12_040;
  private static final int CUDA_13_0 = 13_000;

  @BeforeAll
  static void emulatedDevice() {
    Simt.require();
  }

  @Test
  void aDriverThatIsTooOldIsNamedWithWhatIsNeeded() {
    CudaException e = assertThrows(CudaException.class, () -> CudaDevice.requireDriver(CUDA_12_4));
    assertTrue(
        e.getMessage().startsWith("the CUDA driver is too old: it supports CUDA 12.4, needed is"),
        e.getMessage());
    assertDoesNotThrow(() -> CudaDevice.requireDriver(CUDA_13_0));
  }

  @Test
  void noDriverIsNamed() {
    CudaException e = assertThrows(CudaException.class, () -> CudaDevice.requireDriver(0));
    assertTrue(e.getMessage().startsWith("no CUDA driver"), e.getMessage());
  }

  @Test
  void anArchitectureThatTheKernelsDoNotRunOnIsNamed() {
    CudaDevice volta = new CudaDevice("cuda:0", 0, "Tesla V100", 7, 0);
    CudaException e =
        assertThrows(CudaException.class, () -> volta.requireArchitecture("0.1.0 sm_80 sm_90"));
    assertEquals(
        "cuda:0 is of architecture sm_70, the kernels need sm_80 or newer"
            + " (built: 0.1.0 sm_80 sm_90)",
        e.getMessage());
  }

  @Test
  void aDeviceThatThereIsNotIsNamed() {
    CudaException e = assertThrows(CudaException.class, () -> CudaDevice.open(3, true));
    assertEquals("there is no device cuda:3, allowed: cuda:0 to cuda:0", e.getMessage());
  }
}
