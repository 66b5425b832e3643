package org.invp.weights;

import java.util.List;
import org.invp.io.NamedTensor;

/**
 * What becomes of the network's head in a file for others. Inside invp the head is {@code fc},
 * which is torchvision's name for the 1000-way classifier; unless the head is meant to be that, it
 * must not be found there.
 */
public enum HeadNames {
  /** The head is left out: the file is a backbone. */
  NONE,
  /** The head is written as {@code head}: {@code head.weight}, {@code head.0.weight} and so on. */
  HEAD,
  /** The head is written as {@code fc}, to be torchvision's classifier. */
  FC;

  /** What the network's own names start with. */
  static final String OWN = "fc.";

  private static final String APART = "head.";

  /** The network's tensors under the names that a file is to have. */
  public List<NamedTensor> apply(List<NamedTensor> state) {
    return switch (this) {
      case FC -> state;
      case NONE -> state.stream().filter(tensor -> !ofHead(tensor)).toList();
      case HEAD -> state.stream().map(HeadNames::apart).toList();
    };
  }

  private static NamedTensor apart(NamedTensor tensor) {
    return ofHead(tensor) ? tensor.renamed(APART + tensor.name().substring(OWN.length())) : tensor;
  }

  private static boolean ofHead(NamedTensor tensor) {
    return tensor.name().startsWith(OWN);
  }
}
