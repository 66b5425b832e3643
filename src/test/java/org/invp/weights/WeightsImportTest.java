package org.invp.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.io.DType;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;
import org.invp.weights.WeightsImport.Choice;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class WeightsImportTest {
  private static final Choice BACKBONE_ONLY = new Choice(null, "none", null, null);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"old.pth", "new.pth", "opaque.pth"})
  void thePublishedProgramsCheckpointGivesTheSameFeaturesBankAndGraph(String name) {
    try (TensorFile expected = Fixtures.expected(folder);
        WeightsImport imported = WeightsImport.read(Fixtures.copy(name, folder), Choice.USUAL)) {
      Fixtures.assertOutputs(imported.network(), expected, "published");
      assertEquals("state_dict.module.", imported.prefix());
      assertEquals("linear", imported.head());
      assertEquals(3, imported.epoch());
      Fixtures.assertClose(
          expected.tensor("published.bank").orElseThrow(),
          imported.bank().data().toArray(ValueLayout.JAVA_FLOAT));
      assertArrayEquals(
          expected
              .tensor("published.graph")
              .orElseThrow()
              .data()
              .toArray(ValueLayout.JAVA_LONG_UNALIGNED),
          Arrays.stream(imported.graph().data().toArray(ValueLayout.JAVA_INT))
              .asLongStream()
              .toArray());
      assertEquals("conv1.weight", imported.momentum().getFirst().name());
      Fixtures.assertClose(
          expected.tensor("published.momentum").orElseThrow(),
          imported.momentum().getFirst().data().toArray(ValueLayout.JAVA_FLOAT));
    }
  }

  @Test
  void allKindsOfNumbersStridesAndSharedStoragesGiveTheSameFeatures() {
    assertSameOutputs("kinds", Choice.USUAL);
  }

  @Test
  void numPyArraysGiveTheSameFeatures() {
    assertSameOutputs("numpy", Choice.USUAL);
  }

  @Test
  void oneOfTwoNetworksIsTakenWhenItIsNamed() {
    assertSameOutputs("two", new Choice("state_dict.module.encoder_q.", null, null, null));
    assertRefused("two.pth", Choice.USUAL, "choose one with --prefix");
  }

  @Test
  void aBackboneWithoutHeadEmbedsAsItsFeatures() {
    try (WeightsImport imported =
            WeightsImport.read(Fixtures.copy("new.pth", folder), BACKBONE_ONLY);
        FloatTensor images = FloatTensor.allocate(2, 1, 12, 12);
        FloatTensor features = FloatTensor.allocate(2, 16);
        FloatTensor embeddings = FloatTensor.allocate(2, 16)) {
      assertEquals("", imported.head());
      images.segment().fill((byte) 0x3e);
      imported.network().embed(images, features, embeddings);
      assertArrayEquals(features.toArray(), embeddings.toArray(), 1e-6f);
      assertNull(imported.bank());
    }
  }

  @Test
  void whatIsNotThereIsAskedForByName() {
    assertRefused("new.pth", new Choice("other.", null, null, null), "no other.conv1.weight");
    assertRefused("new.pth", new Choice(null, "projector", null, null), "projector");
    assertRefused("new.pth", new Choice(null, null, "nothing", null), "memory_banks F32[22, 6]");
    assertRefused("new.pth", new Choice(null, null, null, "memory_banks"), "neigh I64[22, 3]");
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void everyArchitectureIsRecognised(Architecture architecture) {
    for (Stem stem : Stem.values()) {
      for (boolean norm : new boolean[] {false, true}) {
        for (Head head : Head.values()) {
          NetworkOptions options =
              new NetworkOptions(
                  architecture, stem, 3, 1, 4, head, 5, norm, Initialisation.KAIMING);
          try (Network network = Network.create(options, 1)) {
            Path file = folder.resolve("all.safetensors");
            WeightsExport.safetensors(file, network, HeadNames.HEAD);
            try (WeightsImport imported = WeightsImport.read(file, Choice.USUAL)) {
              assertEquals(comparable(options), comparable(imported.network().options()));
            }
          }
        }
      }
    }
  }

  private static Map<String, String> comparable(NetworkOptions options) {
    Map<String, String> metadata = new java.util.HashMap<>(options.toMetadata());
    if (options.head() == Head.LINEAR) {
      metadata.remove("network.head_hidden");
    }
    return metadata;
  }

  @Test
  void networksThatInvpDoesNotHaveAreNamed() {
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET18,
            Stem.CIFAR,
            3,
            2,
            4,
            Head.LINEAR,
            1,
            false,
            Initialisation.KAIMING);
    try (Network network = Network.create(options, 1);
        Arena arena = Arena.ofConfined()) {
      List<NamedTensor> state = network.state(arena);
      assertStateRefused(without(state, "layer4.1."), "[2, 2, 2, 1] basic blocks");
      assertStateRefused(without(state, "layer2.0.bn1.weight"), "lack layer2.0.bn1.weight");
      assertStateRefused(
          replaced(state, "conv1.weight", arena, 2, 3, 5, 5), "conv1.weight is F32[2, 3, 5, 5]");
      assertStateRefused(
          replaced(state, "layer1.0.conv2.weight", arena, 4, 1, 3, 3), "a plain ResNet of width 2");
      assertStateRefused(without(state, "conv1."), "no residual network under torchvision's names");
    }
  }

  @Test
  void aCounterMayBeAFractionOrAnArrayOfOne() {
    try (Network network = Network.create(small(3), 1);
        Arena arena = Arena.ofConfined()) {
      List<NamedTensor> state = network.state(arena);
      state.replaceAll(tensor -> counted(tensor, arena, 12.6f));
      Path file = folder.resolve("counted.safetensors");
      Safetensors.write(file, Map.of(), state);
      try (WeightsImport imported = WeightsImport.read(file, Choice.USUAL)) {
        NamedTensor counter =
            imported.network().state(arena).stream()
                .filter(tensor -> tensor.name().equals("bn1.num_batches_tracked"))
                .findFirst()
                .orElseThrow();
        assertEquals(13, counter.data().get(ValueLayout.JAVA_LONG, 0));
      }
      for (float wrong : new float[] {Float.NaN, -1, Float.POSITIVE_INFINITY}) {
        List<NamedTensor> other = new ArrayList<>(network.state(arena));
        other.replaceAll(tensor -> counted(tensor, arena, wrong));
        assertStateRefused(other, "not a count");
      }
      List<NamedTensor> two = new ArrayList<>(network.state(arena));
      assertStateRefused(
          replaced(two, "bn1.num_batches_tracked", arena, 2), "needed is one number");
    }
  }

  private static NamedTensor counted(NamedTensor tensor, Arena arena, float count) {
    if (!tensor.name().endsWith("num_batches_tracked")) {
      return tensor;
    }
    java.lang.foreign.MemorySegment data = arena.allocate(Float.BYTES, Float.BYTES);
    data.set(ValueLayout.JAVA_FLOAT, 0, count);
    return new NamedTensor(tensor.name(), DType.F32, new long[] {1}, data);
  }

  @Test
  void aNetworkWhoseOutputsAreNotFiniteIsRefused() {
    try (Network network = Network.create(small(3), 1);
        Arena arena = Arena.ofConfined()) {
      assertStateRefused(
          filled(network.state(arena), "layer1.0.bn1.running_var", -1),
          "have -1.0 in layer1.0.bn1.running_var, and a variance is at least 0");
      List<NamedTensor> huge = network.state(arena);
      for (String name : List.of("bn1.weight", "layer1.0.bn2.weight", "layer1.1.bn2.weight")) {
        filled(huge, name, 3e38f);
      }
      assertStateRefused(huge, "of a plain image are not finite");
    }
  }

  private static List<NamedTensor> filled(List<NamedTensor> state, String name, float value) {
    for (NamedTensor tensor : state) {
      for (long i = 0; tensor.name().equals(name) && i < tensor.size(); i++) {
        tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
      }
    }
    return state;
  }

  @Test
  void aClassifierIsNoHeadAndWhatMayBeOneIsSaid() {
    assertHead(1000, HeadNames.FC, Choice.USUAL, HeadKind.CLASSIFIER, 16);
    assertHead(1000, HeadNames.FC, new Choice(null, "fc", null, null), HeadKind.EMBEDDING, 1000);
    assertHead(10, HeadNames.FC, Choice.USUAL, HeadKind.UNCERTAIN, 10);
    assertHead(10, HeadNames.HEAD, Choice.USUAL, HeadKind.EMBEDDING, 10);
    assertHead(10, HeadNames.NONE, Choice.USUAL, HeadKind.NONE, 16);
    // A memory bank of the head's dimension says what the head is for.
    assertHeadOf("old.pth", HeadKind.EMBEDDING);
  }

  private void assertHead(
      int outputs, HeadNames names, Choice choice, HeadKind expected, int dimension) {
    Path file = folder.resolve("head.safetensors");
    try (Network network = Network.create(small(outputs), 1)) {
      WeightsExport.safetensors(file, network, names);
    }
    try (WeightsImport imported = WeightsImport.read(file, choice)) {
      assertEquals(expected, imported.headKind());
      assertEquals(dimension, imported.network().embeddingDimension());
    }
  }

  private void assertHeadOf(String fixture, HeadKind expected) {
    try (WeightsImport imported =
        WeightsImport.read(Fixtures.copy(fixture, folder), Choice.USUAL)) {
      assertEquals(expected, imported.headKind());
    }
  }

  private static NetworkOptions small(int dimension) {
    return new NetworkOptions(
        Architecture.RESNET18,
        Stem.CIFAR,
        3,
        2,
        dimension,
        Head.LINEAR,
        1,
        false,
        Initialisation.KAIMING);
  }

  private static List<NamedTensor> without(List<NamedTensor> state, String start) {
    return state.stream().filter(tensor -> !tensor.name().startsWith(start)).toList();
  }

  private static List<NamedTensor> replaced(
      List<NamedTensor> state, String name, Arena arena, long... shape) {
    List<NamedTensor> changed = new ArrayList<>(state);
    long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    changed.replaceAll(
        tensor ->
            tensor.name().equals(name)
                ? new NamedTensor(name, DType.F32, shape, arena.allocate(4 * elements, 4))
                : tensor);
    return changed;
  }

  private void assertStateRefused(List<NamedTensor> state, String expected) {
    Path file = folder.resolve("odd.safetensors");
    Safetensors.write(file, Map.of(), state);
    assertMessage(file, Choice.USUAL, expected);
  }

  private void assertSameOutputs(String name, Choice choice) {
    try (TensorFile expected = Fixtures.expected(folder);
        WeightsImport imported = WeightsImport.read(Fixtures.copy(name + ".pth", folder), choice)) {
      Fixtures.assertOutputs(imported.network(), expected, name);
    }
  }

  private void assertRefused(String name, Choice choice, String expected) {
    assertMessage(Fixtures.copy(name, folder), choice, expected);
  }

  private static void assertMessage(Path file, Choice choice, String expected) {
    String message =
        assertThrows(InvalidDataException.class, () -> WeightsImport.read(file, choice).close())
            .getMessage();
    assertTrue(message.contains(expected), message);
    assertTrue(message.contains(file.toString()), message);
    assertEquals(1, message.lines().count(), message);
  }
}
