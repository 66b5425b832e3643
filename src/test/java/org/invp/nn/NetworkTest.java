package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NetworkTest {
  @Test
  void namesAndShapesAreTorchvisions() throws IOException {
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET50,
            Stem.IMAGENET,
            3,
            64,
            1000,
            Head.LINEAR,
            0,
            false,
            Initialisation.DEFAULT);
    try (Network network = Network.create(options, 1);
        InputStream expected = getClass().getResourceAsStream("/nn/torchvision-resnet50.txt")) {
      assertEquals(
          new String(expected.readAllBytes(), StandardCharsets.UTF_8).lines().toList(),
          network.state().stream()
              .map(tensor -> tensor.name() + " " + Arrays.toString(tensor.shape()))
              .toList());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LINEAR, false, fc.weight fc.bias",
    "LINEAR, true, fc.0.weight fc.1.weight fc.1.bias fc.1.running_mean fc.1.running_var"
        + " fc.1.num_batches_tracked",
    "MLP, false, fc.0.weight fc.0.bias fc.2.weight fc.2.bias",
    "MLP, true, fc.0.weight fc.1.weight fc.1.bias fc.1.running_mean fc.1.running_var"
        + " fc.1.num_batches_tracked fc.3.weight fc.4.weight fc.4.bias fc.4.running_mean"
        + " fc.4.running_var fc.4.num_batches_tracked"
  })
  void headsAreNumberedAsPyTorchNumbersSequences(Head head, boolean batchNorm, String names) {
    try (Network network = Network.create(Networks.small(head, batchNorm), 1);
        FloatTensor images = Networks.images(5, 1)) {
      assertEquals(
          List.of(names.split(" ")),
          network.state().stream()
              .map(tensor -> tensor.name())
              .filter(name -> name.startsWith("fc"))
              .toList());
      assertArrayEquals(new long[] {5, 6}, network.forward(images).shape());
    }
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void everyDepthEmbedsWithEitherStem(Architecture architecture) {
    for (Stem stem : Stem.values()) {
      NetworkOptions options =
          new NetworkOptions(
              architecture, stem, 2, 2, 3, Head.MLP, 4, true, Initialisation.DEFAULT);
      try (Network network = Network.create(options, 3);
          FloatTensor images = Networks.normal(new java.util.Random(1), 2, 2, 16, 20);
          FloatTensor features = FloatTensor.allocate(2, options.featureDimension());
          FloatTensor embeddings = FloatTensor.allocate(2, 3)) {
        network.embed(images, features, embeddings);
        assertTrue(allFinite(features) && allFinite(embeddings));
      }
    }
  }

  @Test
  void equalSeedsGiveEqualWeightsAndOthersDoNot() {
    try (Network one = Network.create(Networks.small(), 5);
        Network same = Network.create(Networks.small(), 5);
        Network other = Network.create(Networks.small(), 6)) {
      assertEquals(Networks.numbers(one), Networks.numbers(same));
      assertNotEquals(Networks.numbers(one), Networks.numbers(other));
    }
  }

  @Test
  void forwardRepeatsItsBits() {
    try (Network one = Network.create(Networks.small(), 5);
        Network same = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(9, 1)) {
      assertArrayEquals(one.forward(images).toArray(), same.forward(images).toArray());
    }
  }

  @Test
  void trainingUpdatesRunningStatisticsAndEvaluationChangesNothing() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(4, 1);
        FloatTensor embeddings = FloatTensor.allocate(4, 6)) {
      var fresh = Networks.numbers(network);
      network.embed(images, null, embeddings);
      assertEquals(fresh, Networks.numbers(network));
      network.forward(images);
      assertEquals(List.of(1.0), Networks.numbers(network).get("bn1.num_batches_tracked"));
      assertNotEquals(
          fresh.get("bn1.running_mean"), Networks.numbers(network).get("bn1.running_mean"));
    }
  }

  @Test
  void evaluationTakesEachImageByItself() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(4, 1);
        FloatTensor all = FloatTensor.allocate(4, 6);
        FloatTensor first = FloatTensor.allocate(1, 6)) {
      network.embed(images, null, all);
      network.embed(images.slice(1), null, first);
      assertArrayEquals(Arrays.copyOf(all.toArray(), 6), first.toArray(), 1e-5f);
    }
  }

  @Test
  void imagesMayChangeBetweenForwardAndBackward() {
    try (Network one = Network.create(Networks.small(), 5);
        Network other = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(4, 1);
        FloatTensor gradient = Networks.images(4, 2);
        FloatTensor rows = FloatTensor.view(gradient.segment(), 4, 6);
        java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
      one.forward(images);
      other.forward(images);
      one.backward(rows);
      images.segment().fill((byte) 0);
      other.backward(rows);
      assertEquals(
          Networks.numbers(one.gradients(arena)), Networks.numbers(other.gradients(arena)));
    }
  }

  @Test
  void notANumberInGivesNotANumberOut() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(3, 1);
        FloatTensor embeddings = FloatTensor.allocate(3, 6)) {
      images.set(200, Float.NaN);
      network.embed(images, null, embeddings);
      assertTrue(allFinite(embeddings.slice(1)));
      assertFalse(allFinite(embeddings));
      assertFalse(allFinite(network.forward(images)));
    }
  }

  @Test
  void wrongShapesAreNamed() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor colour = FloatTensor.allocate(2, 3, 12, 12);
        FloatTensor images = Networks.images(2, 1);
        FloatTensor narrow = FloatTensor.allocate(2, 5)) {
      assertEquals(
          "images of shape [2, 3, 12, 12], needed is [batch, 1, height, width]",
          assertThrows(IllegalArgumentException.class, () -> network.forward(colour)).getMessage());
      assertEquals(
          "embeddings of shape [2, 5], needed is [2, 6]",
          assertThrows(IllegalArgumentException.class, () -> network.embed(images, null, narrow))
              .getMessage());
    }
  }

  @Test
  void backwardWithoutForwardIsRefused() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor images = Networks.images(2, 1);
        FloatTensor gradient = FloatTensor.allocate(2, 6)) {
      assertThrows(IllegalArgumentException.class, () -> network.backward(gradient));
      network.forward(images);
      network.backward(gradient);
      assertThrows(IllegalArgumentException.class, () -> network.backward(gradient));
    }
  }

  @Test
  void aBatchOfOneCannotTrain() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor image = Networks.images(1, 1)) {
      assertEquals(
          "batch normalisation in training needs more than one value per channel: use a batch of"
              + " at least 2 images",
          assertThrows(IllegalArgumentException.class, () -> network.forward(image)).getMessage());
    }
  }

  @Test
  void closedNetworksAndOptimizersSaySo() {
    Network network = Network.create(Networks.small(), 5);
    Sgd sgd = new Sgd(network, 0.9, 0, false);
    network.close();
    network.close();
    sgd.close();
    try (FloatTensor images = Networks.images(2, 1)) {
      assertThrows(IllegalStateException.class, () -> network.forward(images));
      assertThrows(IllegalStateException.class, network::state);
      assertThrows(IllegalStateException.class, () -> sgd.step(0.1));
      assertThrows(IllegalStateException.class, () -> new Sgd(network, 0.9, 0, false));
    }
  }

  @Test
  void closedTensorsSaySo() {
    try (Network network = Network.create(Networks.small(), 5)) {
      FloatTensor images = Networks.images(2, 1);
      images.close();
      assertThrows(IllegalStateException.class, () -> network.forward(images));
    }
  }

  private static boolean allFinite(FloatTensor tensor) {
    return Networks.floats(tensor.toArray()).stream().allMatch(Double::isFinite);
  }
}
