package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.io.NamedTensor;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class SgdTest {
  @Test
  void aRunThatMovesToAnotherNetworkEndsWithTheSameBits() {
    try (Network whole = Network.create(Networks.small(), 5);
        Sgd wholeSgd = new Sgd(whole, 0.9, 1e-3, false);
        Network moved = Network.create(Networks.small(), 6);
        Sgd movedSgd = new Sgd(moved, 0.9, 1e-3, false);
        FloatTensor images = Networks.images(6, 1)) {
      Networks.train(whole, wholeSgd, images, 1);
      moved.load(whole.state());
      movedSgd.load(wholeSgd.state());
      Networks.train(whole, wholeSgd, images, 2);
      Networks.train(moved, movedSgd, images, 2);
      assertEquals(Networks.numbers(whole), Networks.numbers(moved));
      assertEquals(Networks.numbers(wholeSgd.state()), Networks.numbers(movedSgd.state()));
    }
  }

  @Test
  void thereAreNoBuffersBeforeTheFirstStepOrWithoutMomentum() {
    try (Network network = Network.create(Networks.small(), 5);
        Sgd with = new Sgd(network, 0.9, 0, false);
        Sgd without = new Sgd(network, 0, 0, false);
        FloatTensor images = Networks.images(6, 1)) {
      assertEquals(List.of(), with.state());
      Networks.train(network, without, images, 1);
      assertEquals(List.of(), without.state());
    }
  }

  @Test
  void loadingNothingForgetsTheBuffers() {
    try (Network network = Network.create(Networks.small(), 5);
        Sgd sgd = new Sgd(network, 0.9, 0, false);
        FloatTensor images = Networks.images(6, 1)) {
      Networks.train(network, sgd, images, 1);
      sgd.load(List.of());
      assertEquals(List.of(), sgd.state());
    }
  }

  @Test
  void aStepClearsTheGradients() {
    try (Network network = Network.create(Networks.small(), 5);
        Sgd sgd = new Sgd(network, 0.9, 0, false);
        FloatTensor images = Networks.images(6, 1);
        Arena arena = Arena.ofConfined()) {
      Networks.train(network, sgd, images, 1);
      for (NamedTensor gradient : network.gradients(arena)) {
        assertEquals(0, Networks.numbers(gradient).stream().mapToDouble(Math::abs).sum());
      }
      assertEquals(
          "a step needs gradients: call backward first",
          assertThrows(IllegalArgumentException.class, () -> sgd.step(0.1)).getMessage());
    }
  }

  @Test
  void twoBackwardsAddUp() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(6, 1);
        FloatTensor gradient = Networks.normal(new java.util.Random(1), 6, 6);
        Arena arena = Arena.ofConfined()) {
      network.forward(images);
      network.backward(gradient);
      List<Double> once = Networks.numbers(network.gradients(arena).get(0));
      network.forward(images);
      network.backward(gradient);
      List<Double> twice = Networks.numbers(network.gradients(arena).get(0));
      for (int i = 0; i < once.size(); i++) {
        assertEquals(2 * once.get(i), twice.get(i), 1e-4 * Math.max(1, Math.abs(twice.get(i))));
      }
    }
  }

  @Test
  void buffersOfAnotherNetworkAreRefused() {
    try (Network network = Network.create(Networks.small(), 5);
        Sgd sgd = new Sgd(network, 0.9, 0, false);
        FloatTensor other = FloatTensor.allocate(3)) {
      assertEquals(
          "the momentum buffers lack conv1.weight F32[4, 1, 3, 3]",
          assertThrows(
                  InvalidDataException.class,
                  () -> sgd.load(List.of(NamedTensor.of("fc.weight", other))))
              .getMessage());
    }
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    try (Network network = Network.create(Networks.small(), 5);
        Sgd sgd = new Sgd(network, 0.9, 0, false)) {
      assertThrows(IllegalArgumentException.class, () -> new Sgd(network, 1.5, 0, false));
      assertThrows(IllegalArgumentException.class, () -> new Sgd(network, 0.9, -1, false));
      assertThrows(IllegalArgumentException.class, () -> new Sgd(network, 0, 0, true));
      assertThrows(IllegalArgumentException.class, () -> sgd.step(Double.NaN));
    }
  }
}
