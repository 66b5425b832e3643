package org.invp.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
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
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class WeightsExportTest {
  private static final NetworkOptions RESNET50 =
      new NetworkOptions(
          Architecture.RESNET50,
          Stem.IMAGENET,
          3,
          64,
          128,
          Head.MLP,
          64,
          false,
          Initialisation.KAIMING);

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(
      value = HeadNames.class,
      names = {"HEAD", "FC"})
  void whatWasExportedGivesTheSameOutputsWhenImported(HeadNames head) {
    try (Network network = small();
        FloatTensor images = FloatTensor.allocate(2, 3, 20, 20)) {
      for (long i = 0; i < images.size(); i++) {
        images.set(i, (float) Math.sin(i));
      }
      Path checkpoint = folder.resolve("x.pth");
      WeightsExport.torchvision(checkpoint, network, head);
      assertSame(network, checkpoint, images);
      Path safetensors = folder.resolve("x.safetensors");
      WeightsExport.safetensors(safetensors, network, head);
      assertSame(network, safetensors, images);
    }
  }

  @Test
  void aBackboneHasTorchvisionsNamesAndNoOthers() throws IOException {
    List<String> expected;
    try (var in = getClass().getResourceAsStream("/nn/torchvision-resnet50.txt")) {
      expected =
          new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.startsWith("fc."))
              .toList();
    }
    Path file = folder.resolve("x.safetensors");
    try (Network network = Network.create(RESNET50, 1)) {
      WeightsExport.safetensors(file, network, HeadNames.NONE);
    }
    try (TensorFile tensors = Safetensors.read(file)) {
      List<String> names =
          tensors.tensors().stream()
              .map(tensor -> tensor.name() + " " + java.util.Arrays.toString(tensor.shape()))
              .toList();
      assertEquals(new TreeSet<>(expected), new TreeSet<>(names));
    }
  }

  @Test
  void storagesStartAtMultiplesOf64() throws IOException {
    Path file = folder.resolve("x.pth");
    byte[] marked = new byte[12];
    java.util.Arrays.fill(marked, (byte) 0x5a);
    try (var arena = Arena.ofConfined()) {
      var data = arena.allocate(12, 4);
      data.copyFrom(java.lang.foreign.MemorySegment.ofArray(marked));
      NamedTensor tensor = new NamedTensor("x", DType.F32, new long[] {3}, data);
      TorchWriter.write(file, List.of(tensor, tensor.renamed("longer")));
    }
    byte[] bytes = Files.readAllBytes(file);
    int found = 0;
    for (int at = 0; at + 12 <= bytes.length; at += 64) {
      if (java.util.Arrays.equals(java.util.Arrays.copyOfRange(bytes, at, at + 12), marked)) {
        found++;
      }
    }
    assertEquals(2, found);
  }

  @Test
  void detectronsNamesAreThoseOfItsConverter() {
    assertEquals("stem.conv1.weight", Detectron2Names.of("conv1.weight"));
    assertEquals("stem.conv1.norm.running_mean", Detectron2Names.of("bn1.running_mean"));
    assertEquals("res2.0.conv3.norm.bias", Detectron2Names.of("layer1.0.bn3.bias"));
    assertEquals("res5.2.conv2.weight", Detectron2Names.of("layer4.2.conv2.weight"));
    assertEquals("res3.0.shortcut.weight", Detectron2Names.of("layer2.0.downsample.0.weight"));
    assertEquals("res3.0.shortcut.norm.weight", Detectron2Names.of("layer2.0.downsample.1.weight"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"torch", "torchvision"})
  void pythonLoadsEveryFormatAndComputesTheSameFeatures(String library) throws Exception {
    String python = python(library);
    try (Network network = Network.create(RESNET50, 3);
        FloatTensor images = FloatTensor.allocate(2, 3, 64, 64);
        FloatTensor features = FloatTensor.allocate(2, 2048)) {
      for (long i = 0; i < images.size(); i++) {
        images.set(i, (float) Math.sin(0.37 * i));
      }
      drawBatchNorm(network);
      network.embed(images, features, null);
      WeightsExport.safetensors(folder.resolve("w.safetensors"), network, HeadNames.NONE);
      WeightsExport.torchvision(folder.resolve("w.pth"), network, HeadNames.NONE);
      WeightsExport.torchvision(folder.resolve("h.pth"), network, HeadNames.HEAD);
      WeightsExport.detectron2(folder.resolve("w.pkl"), network);
      Safetensors.write(
          folder.resolve("io.safetensors"),
          java.util.Map.of(),
          List.of(NamedTensor.of("images", images), NamedTensor.of("features", features)));
    }
    Python.Result result = Python.run(python, "/weights/check_export.py", folder, library);
    assertEquals(0, result.code(), result.output());
    assertTrue(result.output().contains("all formats agree"), result.output());
    assertFalse(result.output().contains("Warning"), result.output());
  }

  @ParameterizedTest
  @ValueSource(strings = {"torch", "torchvision"})
  void pythonsNetworksComeInWithTheSameFeatures(String library) throws Exception {
    String python = python(library);
    Python.Result result = Python.run(python, "/weights/make_checkpoints.py", folder, library);
    assertEquals(0, result.code(), result.output());
    List<String> made = library.equals("torch") ? List.of("plain") : List.of("torchvision", "timm");
    for (String name : made) {
      try (TensorFile expected = Safetensors.read(folder.resolve(name + "-io.safetensors"))) {
        assertImported(folder.resolve(name + ".pth"), expected);
        assertImported(folder.resolve(name + ".safetensors"), expected);
      }
    }
  }

  private static void assertImported(Path file, TensorFile expected) {
    NamedTensor images = expected.tensor("images").orElseThrow();
    try (WeightsImport backbone = WeightsImport.read(file, Choice.USUAL)) {
      assertEquals(HeadKind.CLASSIFIER, backbone.headKind());
      assertEquals(2048, backbone.network().embeddingDimension());
    }
    try (WeightsImport imported = WeightsImport.read(file, new Choice(null, "fc", null, null));
        FloatTensor features = FloatTensor.allocate(2, 2048);
        FloatTensor logits = FloatTensor.allocate(2, 1000)) {
      assertEquals("fc", imported.head());
      assertEquals(Architecture.RESNET50, imported.network().options().architecture());
      imported.network().embed(FloatTensor.view(images.data(), images.shape()), features, logits);
      Fixtures.assertClose(expected.tensor("features").orElseThrow(), features.toArray());
      Fixtures.assertClose(expected.tensor("logits").orElseThrow(), logits.toArray());
    }
  }

  /** Statistics as after training: with fresh ones, activations grow from block to block. */
  private static void drawBatchNorm(Network network) {
    Random random = new Random(9);
    try (Arena arena = Arena.ofConfined()) {
      List<NamedTensor> state = network.state(arena);
      for (NamedTensor tensor : state) {
        boolean norm = tensor.shape().length == 1 && tensor.dtype() == DType.F32;
        for (long i = 0; norm && !tensor.name().startsWith("fc.") && i < tensor.size(); i++) {
          double value =
              switch (tensor.name().substring(tensor.name().lastIndexOf('.') + 1)) {
                case "weight" -> random.nextDouble(0.5, 1);
                case "running_var" -> random.nextDouble(0.5, 2);
                default -> random.nextDouble(-0.2, 0.2);
              };
          tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
        }
      }
      network.load(state);
    }
  }

  private String python(String library) throws Exception {
    String python = Python.withNetworks(library, folder);
    Assumptions.assumeTrue(
        python != null,
        "no Python with numpy, safetensors and "
            + (library.equals("torch") ? "torch" : "torch, torchvision, timm")
            + " (INVP_PYTHON)");
    return python;
  }

  private static void assertSame(Network network, Path file, FloatTensor images) {
    try (WeightsImport imported = WeightsImport.read(file, Choice.USUAL);
        FloatTensor expected = FloatTensor.allocate(2, network.embeddingDimension());
        FloatTensor actual = FloatTensor.allocate(2, network.embeddingDimension())) {
      network.embed(images, null, expected);
      imported.network().embed(images, null, actual);
      org.junit.jupiter.api.Assertions.assertArrayEquals(expected.toArray(), actual.toArray());
    }
  }

  private static Network small() {
    return Network.create(
        new NetworkOptions(
            Architecture.RESNET18,
            Stem.IMAGENET,
            3,
            2,
            6,
            Head.MLP,
            5,
            true,
            Initialisation.DEFAULT),
        4);
  }
}
