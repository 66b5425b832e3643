package org.invp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.CudaException;
import org.junit.jupiter.api.Test;

/** The network library's CUDA build, as far as a machine without a driver can run it. */
class CudaNetworkTest {
  private static final Path BUILD = Path.of("build", "native").toAbsolutePath();

  @Test
  void theCudaBuildLoadsComputesOnTheCpuAndNamesTheMissingDriver()
      throws IOException, InterruptedException {
    assumeTrue(
        Files.exists(BUILD.resolve("lib").resolve("libinvp_nn_cuda.so")),
        "the network library's CUDA build is not there: make cuda-link");
    assumeFalse(hasDriver(), "there is a CUDA driver");
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dinvp.native.dir=" + BUILD.resolve("lib"),
                "-cp",
                System.getProperty("java.class.path"),
                CudaNetworkProgram.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> lines = program.inputReader().lines().toList();
    assertEquals(0, program.waitFor(), lines::toString);
    assertEquals(3, lines.size(), lines::toString);
    assertTrue(lines.get(0).startsWith("loaded 2.13.0"), lines::toString);
    assertEquals("cpu true", lines.get(1));
    assertTrue(lines.get(2).startsWith("refused: LibTorch: "), lines::toString);
    assertTrue(lines.get(2).contains("no NVIDIA driver"), lines::toString);
  }

  private static boolean hasDriver() {
    try {
      CudaLibraries.requireDriver("libcuda.so.1");
      return true;
    } catch (CudaException e) {
      return false;
    }
  }
}
