package org.invp.weights;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;

/** Tells from names and shapes what a residual network is made of. */
final class InferredOptions {
  private static final int STAGES = 4;
  private static final Map<List<Integer>, Architecture> BASIC =
      Map.of(
          List.of(2, 2, 2, 2), Architecture.RESNET18, List.of(3, 4, 6, 3), Architecture.RESNET34);
  private static final Map<List<Integer>, Architecture> BOTTLENECK =
      Map.of(
          List.of(3, 4, 6, 3), Architecture.RESNET50,
          List.of(3, 4, 23, 3), Architecture.RESNET101,
          List.of(3, 8, 36, 3), Architecture.RESNET152);

  private final Map<String, StridedTensor> tensors;

  private InferredOptions(ForeignNetwork network) {
    tensors = network.tensors();
  }

  /**
   * The options of a network.
   *
   * @throws InvalidDataException one line that says why it is none that invp has
   */
  static NetworkOptions of(ForeignNetwork network) {
    return new InferredOptions(network).options();
  }

  private NetworkOptions options() {
    StridedTensor first = matrix("conv1.weight", 4);
    int width = extent(first, 0);
    Architecture architecture = architecture();
    requireStages(width);
    InferredHead head = InferredHead.of(tensors);
    try {
      NetworkOptions backbone =
          new NetworkOptions(
              architecture,
              stem(first),
              extent(first, 1),
              width,
              1,
              Head.LINEAR,
              1,
              false,
              Initialisation.KAIMING);
      return new NetworkOptions(
          architecture,
          backbone.stem(),
          backbone.channels(),
          width,
          head.present() ? head.dimension() : backbone.featureDimension(),
          head.kind(),
          head.hidden(),
          head.batchNorm(),
          Initialisation.KAIMING);
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage(), e);
    }
  }

  private Stem stem(StridedTensor first) {
    long[] shape = first.shape();
    if (shape[2] == 7 && shape[3] == 7) {
      return Stem.IMAGENET;
    }
    if (shape[2] == 3 && shape[3] == 3) {
      return Stem.CIFAR;
    }
    throw new InvalidDataException(
        Text.format("conv1.weight is %s; known are 7x7 (imagenet) and 3x3 (cifar)", first));
  }

  private Architecture architecture() {
    Integer[] blocks = new Integer[STAGES];
    for (int stage = 1; stage <= STAGES; stage++) {
      int count = 0;
      while (tensors.containsKey(Text.format("layer%d.%d.conv1.weight", stage, count))) {
        count++;
      }
      blocks[stage - 1] = count;
    }
    boolean bottleneck = tensors.containsKey("layer1.0.conv3.weight");
    Architecture known = (bottleneck ? BOTTLENECK : BASIC).get(Arrays.asList(blocks));
    if (known == null) {
      throw new InvalidDataException(
          Text.format(
              "layers of %s %s blocks; known are ResNet-18, 34, 50, 101 and 152",
              Arrays.toString(blocks), bottleneck ? "bottleneck" : "basic"));
    }
    return known;
  }

  /** Wider or grouped variants differ here; so would a file that wants memory for nothing. */
  private void requireStages(int width) {
    for (int stage = 0; stage < STAGES; stage++) {
      String name = Text.format("layer%d.0.conv2.weight", stage + 1);
      StridedTensor tensor = matrix(name, 4);
      long expected = (long) width << stage;
      long[] shape = tensor.shape();
      if (shape[0] != expected || shape[1] != expected) {
        throw new InvalidDataException(
            Text.format(
                "%s is %s, a plain ResNet of width %d has %d channels there",
                name, tensor, width, expected));
      }
    }
  }

  private StridedTensor matrix(String name, int rank) {
    StridedTensor tensor = tensors.get(name);
    if (tensor == null || tensor.shape().length != rank) {
      throw new InvalidDataException(
          Text.format(
              "%s is %s, needed is a tensor of %d dimensions",
              name, tensor == null ? "missing" : tensor, rank));
    }
    return tensor;
  }

  private static int extent(StridedTensor tensor, int dimension) {
    return (int) Math.min(Integer.MAX_VALUE, tensor.shape()[dimension]);
  }
}
