package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.invp.io.DType;
import org.invp.io.NamedTensor;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;

/** Small networks and batches for the tests of this package. */
final class Networks {
  private Networks() {}

  static NetworkOptions small(Head head, boolean headBatchNorm) {
    return new NetworkOptions(
        Architecture.RESNET18,
        Stem.CIFAR,
        1,
        4,
        6,
        head,
        10,
        headBatchNorm,
        Initialisation.KAIMING);
  }

  static NetworkOptions small() {
    return small(Head.LINEAR, true);
  }

  /** [batch, 1, 12, 12] of normal pixels. */
  static FloatTensor images(int batch, long seed) {
    return normal(new Random(seed), batch, 1, 12, 12);
  }

  static FloatTensor normal(Random random, long... shape) {
    FloatTensor tensor = FloatTensor.allocate(shape);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.set(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** The network's state as numbers, by name. */
  static Map<String, List<Double>> numbers(Network network) {
    try (Arena arena = Arena.ofConfined()) {
      return numbers(network.state(arena));
    }
  }

  static Map<String, List<Double>> numbers(List<NamedTensor> tensors) {
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    for (NamedTensor tensor : tensors) {
      numbers.put(tensor.name(), numbers(tensor));
    }
    return numbers;
  }

  static List<Double> numbers(NamedTensor tensor) {
    if (tensor.dtype() == DType.I64) {
      return java.util.Arrays.stream(tensor.data().toArray(ValueLayout.JAVA_LONG_UNALIGNED))
          .mapToObj(value -> (double) value)
          .toList();
    }
    return floats(tensor.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
  }

  static List<Double> floats(float... values) {
    Double[] numbers = new Double[values.length];
    for (int i = 0; i < values.length; i++) {
      numbers[i] = (double) values[i];
    }
    return List.of(numbers);
  }

  /** One step on a batch with a gradient drawn from the seed. */
  static void train(Network network, Sgd sgd, FloatTensor images, long seed) {
    long[] shape = network.forward(images).shape();
    try (FloatTensor gradient = normal(new Random(seed), shape)) {
      network.backward(gradient);
    }
    sgd.step(0.05);
  }
}
