package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What scripts/make-nn-fixtures.py had PyTorch compute, computed here from the same weights. */
class PyTorchGoldenTest {
  private static final double TOLERANCE = 1e-4;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"resnet50", "resnet18-cifar"})
  void evaluationMatchesPyTorch(String fixture) throws IOException {
    try (TensorFile golden = open(fixture);
        Network network = start(golden)) {
      FloatTensor images = tensor(golden, "images");
      int batch = (int) images.shape(0);
      FloatTensor features = FloatTensor.allocate(batch, network.featureDimension());
      FloatTensor embeddings = FloatTensor.allocate(batch, network.embeddingDimension());
      try (features;
          embeddings) {
        network.embed(images, features, embeddings);
        assertClose(golden, "evaluation.features", features);
        assertClose(golden, "evaluation.embeddings", embeddings);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet50", "resnet18-cifar"})
  void forwardGradientsAndTwoStepsOfSgdMatchPyTorch(String fixture) throws IOException {
    try (TensorFile golden = open(fixture);
        Network network = start(golden);
        Sgd sgd = sgd(network, golden.metadata());
        Arena arena = Arena.ofConfined()) {
      String[] rates = golden.metadata().get("sgd.rates").split(",");
      for (int step = 1; step <= rates.length; step++) {
        String prefix = "step" + step + ".";
        FloatTensor embeddings = network.forward(tensor(golden, "images"));
        assertClose(golden, prefix + "embeddings", embeddings);
        network.backward(tensor(golden, prefix + "gradient"));
        if (step == 1) {
          assertAllClose(golden, "gradient.", network.gradients(arena));
        }
        sgd.step(Double.parseDouble(rates[step - 1]));
      }
      assertAllClose(golden, "end.", network.state(arena));
    }
  }

  private TensorFile open(String fixture) throws IOException {
    Path copy = folder.resolve(fixture);
    try (InputStream in = getClass().getResourceAsStream("/nn/" + fixture + ".safetensors")) {
      Files.copy(in, copy);
    }
    return Safetensors.read(copy);
  }

  private static Network start(TensorFile golden) {
    Network network = Network.create(NetworkOptions.fromMetadata(golden.metadata()), 0);
    network.load(under(golden, "start."));
    return network;
  }

  private static Sgd sgd(Network network, Map<String, String> metadata) {
    return new Sgd(
        network,
        Double.parseDouble(metadata.get("sgd.momentum")),
        Double.parseDouble(metadata.get("sgd.weight_decay")),
        Boolean.parseBoolean(metadata.get("sgd.nesterov")));
  }

  private static List<NamedTensor> under(TensorFile golden, String prefix) {
    return golden.tensors().stream()
        .filter(tensor -> tensor.name().startsWith(prefix))
        .map(tensor -> tensor.renamed(tensor.name().substring(prefix.length())))
        .toList();
  }

  private static FloatTensor tensor(TensorFile golden, String name) {
    NamedTensor tensor = golden.tensor(name).orElseThrow();
    return FloatTensor.view(tensor.data(), tensor.shape());
  }

  private static void assertAllClose(TensorFile golden, String prefix, List<NamedTensor> actual) {
    List<NamedTensor> expected = under(golden, prefix);
    assertEquals(
        expected.stream().map(NamedTensor::name).sorted().toList(),
        actual.stream().map(NamedTensor::name).sorted().toList());
    Map<String, List<Double>> numbers = Networks.numbers(actual);
    for (NamedTensor tensor : expected) {
      assertClose(prefix + tensor.name(), Networks.numbers(tensor), numbers.get(tensor.name()));
    }
  }

  private static void assertClose(TensorFile golden, String name, FloatTensor actual) {
    NamedTensor expected = golden.tensor(name).orElseThrow();
    assertEquals(Arrays.toString(expected.shape()), Arrays.toString(actual.shape()), name);
    assertClose(name, Networks.numbers(expected), Networks.floats(actual.toArray()));
  }

  // Absolute below 1, relative above.
  private static void assertClose(String name, List<Double> expected, List<Double> actual) {
    assertEquals(expected.size(), actual.size(), name);
    for (int i = 0; i < expected.size(); i++) {
      double tolerance = TOLERANCE * Math.max(1, Math.abs(expected.get(i)));
      assertEquals(expected.get(i), actual.get(i), tolerance, name + " at " + i);
    }
  }
}
