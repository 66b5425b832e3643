package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.junit.jupiter.api.Test;

/** The first weights' distributions, by their moments and bounds. */
class InitialisationTest {
  @Test
  void kaimingConvolutionsAreNormalByFanOut() {
    List<Double> weights = weights(Initialisation.KAIMING).get("layer3.1.conv2.weight");
    double deviation = Math.sqrt(2.0 / (64 * 9));
    assertEquals(0, mean(weights), 0.02 * deviation);
    assertEquals(deviation, Math.sqrt(meanSquare(weights)), 0.02 * deviation);
    long beyond = weights.stream().filter(value -> Math.abs(value) > 2 * deviation).count();
    assertEquals(0.0455, (double) beyond / weights.size(), 0.004);
  }

  @Test
  void kaimingLinearLayersAreXavierUniformWithoutBias() {
    Map<String, List<Double>> weights = weights(Initialisation.KAIMING);
    assertUniform(weights.get("fc.0.weight"), Math.sqrt(6.0 / (128 + 96)));
    assertTrue(weights.get("fc.0.bias").stream().allMatch(value -> value == 0));
  }

  @Test
  void defaultWeightsAndBiasesAreUniformByFanIn() {
    Map<String, List<Double>> weights = weights(Initialisation.DEFAULT);
    assertUniform(weights.get("layer4.0.conv1.weight"), 1 / Math.sqrt(64 * 9));
    assertUniform(weights.get("fc.0.weight"), 1 / Math.sqrt(128));
    double bound = 1 / Math.sqrt(128);
    assertTrue(weights.get("fc.0.bias").stream().allMatch(value -> Math.abs(value) <= bound));
    assertTrue(meanSquare(weights.get("fc.0.bias")) > 0);
  }

  @Test
  void batchNormalisationStartsAsTheIdentity() {
    Map<String, List<Double>> weights = weights(Initialisation.KAIMING);
    for (String name : List.of("bn1.weight", "bn1.running_var")) {
      assertTrue(weights.get(name).stream().allMatch(value -> value == 1), name);
    }
    for (String name : List.of("bn1.bias", "bn1.running_mean", "bn1.num_batches_tracked")) {
      assertTrue(weights.get(name).stream().allMatch(value -> value == 0), name);
    }
  }

  private static Map<String, List<Double>> weights(Initialisation initialisation) {
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET18, Stem.CIFAR, 3, 16, 32, Head.MLP, 96, false, initialisation);
    try (Network network = Network.create(options, 11)) {
      return Networks.numbers(network);
    }
  }

  private static void assertUniform(List<Double> values, double bound) {
    assertTrue(values.stream().allMatch(value -> Math.abs(value) <= bound * (1 + 1e-6)));
    assertEquals(0, mean(values), 0.03 * bound);
    assertEquals(bound * bound / 3, meanSquare(values), 0.03 * bound * bound / 3);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(value -> value).average().orElseThrow();
  }

  private static double meanSquare(List<Double> values) {
    return values.stream().mapToDouble(value -> value * value).average().orElseThrow();
  }
}
