package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.io.DType;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.nn.NetworkOptions.Head;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class WeightsTest {
  @TempDir Path folder;

  @Test
  void aSavedNetworkComesBackWhole() {
    Path file = folder.resolve("weights.safetensors");
    try (Network network = Network.create(Networks.small(Head.MLP, true), 5);
        Sgd sgd = new Sgd(network, 0.9, 1e-4, false);
        FloatTensor images = Networks.images(4, 1)) {
      Networks.train(network, sgd, images, 2);
      network.save(file);
      try (Network loaded = Network.load(file)) {
        assertEquals(network.options(), loaded.options());
        assertEquals(Networks.numbers(network), Networks.numbers(loaded));
      }
    }
  }

  @Test
  void tensorsOfATrainingCheckpointThatAreNotTheNetworksAreLeftAlone() {
    Path file = folder.resolve("checkpoint.safetensors");
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor bank = FloatTensor.allocate(3, 2)) {
      List<NamedTensor> tensors = new ArrayList<>(network.state());
      tensors.add(NamedTensor.of("bank", bank));
      Safetensors.write(file, network.options().toMetadata(), tensors);
      try (Network loaded = Network.load(file)) {
        assertEquals(Networks.numbers(network), Networks.numbers(loaded));
      }
    }
  }

  @Test
  void aStateOfTheSameNamesLoadsInAnyOrder() {
    try (Network from = Network.create(Networks.small(), 5);
        Network to = Network.create(Networks.small(), 6)) {
      List<NamedTensor> state = new ArrayList<>(from.state());
      java.util.Collections.reverse(state);
      to.load(state);
      assertEquals(Networks.numbers(from), Networks.numbers(to));
    }
  }

  @Test
  void aMissingTensorIsNamedAndNothingChanges() {
    try (Network from = Network.create(Networks.small(), 5);
        Network to = Network.create(Networks.small(), 6)) {
      var before = Networks.numbers(to);
      List<NamedTensor> state = new ArrayList<>(from.state());
      state.removeIf(tensor -> tensor.name().equals("layer2.0.downsample.0.weight"));
      assertMessage("the weights lack layer2.0.downsample.0.weight F32[8, 4, 1, 1]", to, state);
      assertEquals(before, Networks.numbers(to));
    }
  }

  @Test
  void anUnknownTensorIsNamed() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor extra = FloatTensor.allocate(2)) {
      List<NamedTensor> state = new ArrayList<>(network.state());
      state.add(NamedTensor.of("fc.bias", extra));
      assertMessage(
          "the weights have fc.bias, which this network does not (1 such tensors)", network, state);
    }
  }

  @Test
  void anotherShapeOrTypeIsNamed() {
    try (Network network = Network.create(Networks.small(), 5);
        Arena arena = Arena.ofConfined()) {
      assertMessage(
          "the weights have bn1.bias as F32[2, 2], this network needs F32[4]",
          network,
          replaced(
              network,
              new NamedTensor("bn1.bias", DType.F32, new long[] {2, 2}, arena.allocate(16))));
      assertMessage(
          "the weights have bn1.bias as I32[4], this network needs F32[4]",
          network,
          replaced(
              network, new NamedTensor("bn1.bias", DType.I32, new long[] {4}, arena.allocate(16))));
    }
  }

  @Test
  void aWeightThatIsNotFiniteIsNamed() {
    try (Network network = Network.create(Networks.small(), 5);
        FloatTensor bias = FloatTensor.of(new float[] {0, Float.NaN, 0, 0}, 4)) {
      assertMessage(
          "the weights have a value in bn1.bias that is not finite",
          network,
          replaced(network, NamedTensor.of("bn1.bias", bias)));
    }
  }

  @Test
  void unloadableFilesAreOneLine() throws IOException {
    Path text = folder.resolve("text.safetensors");
    Files.writeString(text, "not weights at all");
    assertOneLine(text);
    assertOneLine(folder.resolve("missing.safetensors"));

    Path foreign = folder.resolve("foreign.safetensors");
    Safetensors.write(foreign, Map.of(), List.of());
    assertOneLine(foreign);

    try (Network network = Network.create(Networks.small(), 5)) {
      Path short1 = folder.resolve("short.safetensors");
      Safetensors.write(short1, network.options().toMetadata(), network.state().subList(0, 3));
      assertOneLine(short1);
    }
  }

  @Test
  void tensorsOnTheHeapLoadToo() {
    try (Network network = Network.create(Networks.small(), 5)) {
      float[] bias = {1, 2, 3, 4};
      network.load(
          replaced(
              network,
              new NamedTensor(
                  "bn1.bias",
                  DType.F32,
                  new long[] {4},
                  java.lang.foreign.MemorySegment.ofArray(bias))));
      assertEquals(List.of(1.0, 2.0, 3.0, 4.0), Networks.numbers(network).get("bn1.bias"));
    }
  }

  @Test
  void layoutsInsideDoNotShow() {
    // Element [1, 0, 2, 1] of a [4, 1, 3, 3] weight, row-major, is the 16th.
    try (Network network = Network.create(Networks.small(), 5);
        Arena arena = Arena.ofConfined()) {
      List<NamedTensor> state = network.state(arena);
      state.get(0).data().setAtIndex(ValueLayout.JAVA_FLOAT, 16, 42);
      network.load(state);
      assertEquals(42.0, Networks.numbers(network).get("conv1.weight").get(16));
    }
  }

  private static List<NamedTensor> replaced(Network network, NamedTensor by) {
    return network.state().stream()
        .map(tensor -> tensor.name().equals(by.name()) ? by : tensor)
        .toList();
  }

  private static void assertMessage(String expected, Network network, List<NamedTensor> state) {
    assertEquals(
        expected, assertThrows(InvalidDataException.class, () -> network.load(state)).getMessage());
  }

  private static void assertOneLine(Path file) {
    String message =
        assertThrows(InvalidDataException.class, () -> Network.load(file)).getMessage();
    assertEquals(1, message.lines().count());
    assertTrue(message.contains(file.toString()), message);
  }
}
