package org.invp.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.invp.bank.Device;
import org.invp.bank.TestDevices;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every golden case in both modes: see {@code golden/README.md} among the test resources. The
 * environment variable {@code INVP_GOLDEN} names another folder of cases, {@code INVP_DEVICE} the
 * device.
 */
class GoldenTest {
  private static final double LOSS_RELATIVE = 1e-5;
  private static final double LOSS_ABSOLUTE = 1e-6;
  private static final double GRADIENT = 1e-4;
  private static final double BANK_ROWS = 1e-6;
  private static final double SWAPPABLE = 1e-6;

  /** Every case on every device under test. */
  static List<Arguments> casesOnDevices() throws IOException, URISyntaxException {
    List<Path> cases = cases();
    return TestDevices.all().stream()
        .flatMap(device -> cases.stream().map(file -> Arguments.of(device, file)))
        .toList();
  }

  private static List<Path> cases() throws IOException, URISyntaxException {
    String other = System.getenv("INVP_GOLDEN");
    Path folder =
        other == null ? Path.of(GoldenTest.class.getResource("/golden").toURI()) : Path.of(other);
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> cases =
          files.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList();
      assertFalse(cases.isEmpty(), "no golden cases in " + folder);
      return cases;
    }
  }

  @ParameterizedTest
  @MethodSource("casesOnDevices")
  void stepGivesTheExpectedLossesGradientGraphAndBank(Device device, Path file) {
    try (GoldenCase golden = GoldenCase.read(file)) {
      GoldenCase.Outcome out = golden.run(device);
      assertLoss("loss_ins", golden.scalar("loss_ins"), out.result().lossIns());
      assertLoss("loss_inv", golden.scalar("loss_inv"), out.result().lossInv());
      double error = relativeError(out.gradient(), golden.floats("grad"));
      assertTrue(error <= GRADIENT, "gradient differs by " + error);
      assertPositives(golden, out);
      assertGraph(golden, out);
      assertBank(golden, out);
    }
  }

  private static void assertLoss(String name, double expected, double actual) {
    double tolerance = Math.max(LOSS_ABSOLUTE, LOSS_RELATIVE * Math.abs(expected));
    assertEquals(expected, actual, tolerance, name);
  }

  private static double relativeError(float[] actual, float[] expected) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) actual[i] - expected[i];
      difference += d * d;
      norm += (double) expected[i] * expected[i];
    }
    return Math.sqrt(difference) / Math.sqrt(norm);
  }

  private static void assertPositives(GoldenCase golden, GoldenCase.Outcome out) {
    int[] expected = golden.ints("positives");
    int batch = golden.batch();
    int expectedWidth = expected.length / batch;
    int width = out.positives().length / batch;
    for (int b = 0; b < batch; b++) {
      for (int j = 0; j < Math.max(width, expectedWidth); j++) {
        int wanted = j < expectedWidth ? expected[b * expectedWidth + j] : -1;
        int found = j < width ? out.positives()[b * width + j] : -1;
        assertEquals(wanted, found, "positive " + j + " of anchor " + b);
      }
    }
  }

  private static void assertGraph(GoldenCase golden, GoldenCase.Outcome out) {
    int[] expected = golden.ints("neighbours_after");
    int degree = expected.length / golden.batch();
    for (int i = 0; i < expected.length; i++) {
      int found = out.graphRows()[i];
      double gap =
          Math.abs(golden.score(i / degree, expected[i]) - golden.score(i / degree, found));
      assertTrue(
          found == expected[i] || gap < SWAPPABLE,
          "neighbour "
              + i % degree
              + " of anchor "
              + i / degree
              + " is "
              + found
              + ", not "
              + expected[i]);
    }
  }

  private static void assertBank(GoldenCase golden, GoldenCase.Outcome out) {
    float[] expected = golden.floats("bank_rows_after");
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], out.bankRows()[i], BANK_ROWS, "bank value " + i);
    }
  }
}
