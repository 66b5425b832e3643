package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.Simt;
import org.invp.bank.TestDevices;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.Memory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A network beside an engine on a CUDA device, against one on the CPU: on the device that
 * INVP_DEVICE names, else on the emulated one, in whose memory the CPU computes.
 */
class DeviceNetworkTest {
  private static final double NEAR = 1e-3;
  private static final int BATCH = 8;

  private final Device device = TestDevices.all().getLast();
  private BankEngine engine;
  private Execution execution;

  @BeforeEach
  void engineOnTheDevice() {
    assumeTrue(device.kind() != Device.Kind.CPU, "no CUDA device: the emulated one is not built");
    if (device.equals(Simt.DEVICE)) {
      Simt.require();
      Simt.reset();
    }
    engine = BankEngine.on(device, 1);
    execution = new Execution(engine.memory(), Precision.FP32);
    // The emulated device has no LibTorch of its own.
    TorchRuntime.load(engine.memory());
  }

  @AfterEach
  void closeIt() {
    if (engine != null) {
      engine.close();
    }
  }

  @Test
  void itTrainsAsOnTheCpu() {
    try (Network here = Network.create(Networks.small(), 5);
        Network there = Network.create(Networks.small(), 5, execution);
        Sgd hereSgd = new Sgd(here, 0.9, 0.01, false);
        Sgd thereSgd = new Sgd(there, 0.9, 0.01, false);
        FloatTensor images = Networks.images(BATCH, 1)) {
      assertNear(Networks.numbers(here), Networks.numbers(there));
      for (int step = 0; step < 3; step++) {
        FloatTensor expected = here.forward(images);
        FloatTensor embeddings = there.forward(images);
        assertSame(engine.memory(), embeddings.memory());
        assertArrayEquals(expected.toArray(), embeddings.toArray(), (float) NEAR);
        try (FloatTensor slope = Networks.normal(new Random(step), expected.shape());
            FloatTensor moved = engine.allocateFloats(slope.shape())) {
          moved.copyFrom(slope);
          here.backward(slope);
          there.backward(moved);
        }
        hereSgd.step(0.01);
        thereSgd.step(0.01);
      }
      assertNear(Networks.numbers(here), Networks.numbers(there));
    }
  }

  @Test
  void whatItSavesIsReadOnTheCpu(@TempDir Path folder) {
    Path file = folder.resolve("weights.safetensors");
    try (Network there = Network.create(Networks.small(), 5, execution)) {
      there.save(file);
      try (Network here = Network.load(file);
          Network again = Network.load(file, execution)) {
        assertEquals(Networks.numbers(there), Networks.numbers(here));
        assertEquals(Networks.numbers(there), Networks.numbers(again));
      }
    }
  }

  @Test
  void itRepeatsToTheBit() {
    List<Map<String, List<Double>>> ends =
        List.of(afterTwoSteps(execution), afterTwoSteps(execution));
    assertEquals(ends.get(0), ends.get(1));
  }

  @Test
  void itsGradientMustLieBesideItsEmbeddings() {
    try (Network there = Network.create(Networks.small(), 5, execution);
        FloatTensor images = Networks.images(BATCH, 1);
        FloatTensor slope = Networks.normal(new Random(1), BATCH, 6)) {
      there.forward(images);
      assertThrows(IllegalStateException.class, () -> there.backward(slope));
    }
  }

  @Test
  void lowerPrecisionTrainsAndKeepsItsLossScale() {
    boolean gpu = engine.memory().access() instanceof Memory.Access.Cuda;
    for (Precision precision : gpu ? Precision.values() : new Precision[] {Precision.BF16}) {
      Execution lower = new Execution(engine.memory(), precision);
      assertEquals(afterTwoSteps(lower), afterTwoSteps(lower));
      try (Network there = Network.create(Networks.small(), 5, lower)) {
        if (precision == Precision.FP16) {
          LossScale scale = new LossScale(512, 7);
          there.setLossScale(scale);
          assertEquals(scale, there.lossScale());
        } else {
          assertEquals(new LossScale(1, 0), there.lossScale());
        }
      }
    }
  }

  private Map<String, List<Double>> afterTwoSteps(Execution how) {
    try (Network network = Network.create(Networks.small(), 5, how);
        Sgd sgd = new Sgd(network, 0.9, 0.01, false);
        FloatTensor images = Networks.images(BATCH, 1);
        FloatTensor slope = Networks.normal(new Random(1), BATCH, 6);
        FloatTensor moved = engine.allocateFloats(slope.shape())) {
      moved.copyFrom(slope);
      for (int step = 0; step < 2; step++) {
        network.forward(images);
        network.backward(moved);
        sgd.step(0.01);
      }
      return Networks.numbers(network);
    }
  }

  private static void assertNear(
      Map<String, List<Double>> expected, Map<String, List<Double>> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, values) -> {
          for (int i = 0; i < values.size(); i++) {
            double right = values.get(i);
            assertEquals(right, actual.get(name).get(i), NEAR * (1 + Math.abs(right)), name);
          }
        });
  }
}
