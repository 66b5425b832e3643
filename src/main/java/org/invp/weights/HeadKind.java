package org.invp.weights;

import java.util.Map;

/** What the head of a foreign network is taken for. */
public enum HeadKind {
  /** There is none, or it is to be left out. */
  NONE,
  /** It makes embeddings: it was named, or a memory bank or its own layers say so. */
  EMBEDDING,
  /** One linear layer that may as well be a classifier's; it is taken to make embeddings. */
  UNCERTAIN,
  /** The 1000 logits of ImageNet's classes, as torchvision's networks have them: left out. */
  CLASSIFIER;

  private static final int IMAGENET_CLASSES = 1000;

  /** Our own name for a head that is no classifier, see {@link HeadNames#HEAD}. */
  private static final String OURS = "head";

  /**
   * Looks at a network that was found.
   *
   * @param all the file's tensors
   * @param asked how the user named the head; null if not at all
   */
  static HeadKind of(ForeignNetwork network, Map<String, StridedTensor> all, String asked) {
    if (network.head().isEmpty()) {
      return NONE;
    }
    StridedTensor weight = network.tensors().get(HeadNames.OWN + "weight");
    boolean oneLayer = weight != null && weight.shape().length == 2;
    if (asked != null || !oneLayer) {
      return EMBEDDING;
    }
    long outputs = weight.shape()[0];
    int dimension = (int) Math.min(Integer.MAX_VALUE, outputs);
    if (new BankFinder(all, network, dimension).hasBank()) {
      return EMBEDDING;
    }
    if (outputs == IMAGENET_CLASSES) {
      return CLASSIFIER;
    }
    return network.head().equals(OURS) ? EMBEDDING : UNCERTAIN;
  }
}
