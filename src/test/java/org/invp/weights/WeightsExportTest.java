package org.invp.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightsExportTest {
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
    NetworkOptions options =
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
    List<String> expected;
    try (var in = getClass().getResourceAsStream("/nn/torchvision-resnet50.txt")) {
      expected =
          new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.startsWith("fc."))
              .toList();
    }
    Path file = folder.resolve("x.safetensors");
    try (Network network = Network.create(options, 1)) {
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
    try (var arena = java.lang.foreign.Arena.ofConfined()) {
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

  @Test
  void pythonLoadsEveryFormatAndComputesTheSameFeatures() throws Exception {
    String python = Python.withTorchvision();
    Assumptions.assumeTrue(
        python != null, "no Python with torch, torchvision, timm and safetensors (INVP_PYTHON)");
    NetworkOptions options =
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
    try (Network network = Network.create(options, 3);
        FloatTensor images = FloatTensor.allocate(2, 3, 64, 64);
        FloatTensor features = FloatTensor.allocate(2, 2048)) {
      for (long i = 0; i < images.size(); i++) {
        images.set(i, (float) Math.sin(0.37 * i));
      }
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
    Python.Result result = Python.run(python, "/weights/check_export.py", folder);
    assertEquals(0, result.code(), result.output());
    assertTrue(result.output().contains("all formats agree"), result.output());
    assertFalse(result.output().contains("Warning"), result.output());
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
