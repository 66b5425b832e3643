package org.invp.weights;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.nn.NetworkOptions.Head;

/**
 * What the names under {@code fc} say about a head.
 *
 * @param present whether there is one
 * @param dimension of its output
 * @param hidden units of its hidden layer; 1 if it has none
 */
record InferredHead(boolean present, Head kind, int dimension, int hidden, boolean batchNorm) {
  private static final String WEIGHT = ".weight";

  static InferredHead of(Map<String, StridedTensor> tensors) {
    TreeSet<String> layers = new TreeSet<>();
    tensors.keySet().stream()
        .filter(name -> name.startsWith(HeadNames.OWN))
        .forEach(name -> layers.add(name.substring(0, name.lastIndexOf('.'))));
    boolean norm = tensors.containsKey("fc.1.running_mean");
    if (layers.isEmpty()) {
      return new InferredHead(false, Head.LINEAR, 0, 1, false);
    }
    if (layers.equals(new TreeSet<>(List.of("fc")))) {
      return new InferredHead(true, Head.LINEAR, rows(tensors, "fc"), 1, false);
    }
    if (layers.equals(new TreeSet<>(List.of("fc.0", "fc.2")))) {
      return new InferredHead(true, Head.MLP, rows(tensors, "fc.2"), rows(tensors, "fc.0"), false);
    }
    if (norm && layers.equals(new TreeSet<>(List.of("fc.0", "fc.1")))) {
      return new InferredHead(true, Head.LINEAR, rows(tensors, "fc.0"), 1, true);
    }
    if (norm && layers.equals(new TreeSet<>(List.of("fc.0", "fc.1", "fc.3", "fc.4")))) {
      return new InferredHead(true, Head.MLP, rows(tensors, "fc.3"), rows(tensors, "fc.0"), true);
    }
    throw new InvalidDataException(
        Text.format(
            "the head has the layers %s, which is none that invp has; --head none leaves it out",
            layers));
  }

  private static int rows(Map<String, StridedTensor> tensors, String layer) {
    StridedTensor weight = tensors.get(layer + WEIGHT);
    if (weight == null || weight.shape().length != 2) {
      throw new InvalidDataException(
          Text.format(
              "the head's %s is %s, needed is a matrix",
              layer + WEIGHT, weight == null ? "missing" : weight));
    }
    return (int) Math.min(Integer.MAX_VALUE, weight.shape()[0]);
  }
}
