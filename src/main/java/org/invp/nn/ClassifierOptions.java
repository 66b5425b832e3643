package org.invp.nn;

import java.util.Objects;
import org.invp.internal.Text;

/**
 * What a classifier is made of.
 *
 * @param inputs numbers per image, at least 1
 * @param classes at least 1
 * @param normalisation what happens to the inputs before the linear layer
 * @param deviation of the normal distribution that weights are drawn from, biases then starting at
 *     0; or 0 for what PyTorch's layers start with: uniform within 1 / sqrt(inputs)
 */
public record ClassifierOptions(
    int inputs, int classes, Normalisation normalisation, double deviation) {

  /** What happens to the inputs before the linear layer. */
  public enum Normalisation {
    /** Nothing. */
    NONE,
    /**
     * A trained scale and shift of each input, divided by sqrt(1 + 1e-5): what batch normalisation
     * amounts to that is held in evaluation mode from its start.
     */
    AFFINE,
    /**
     * Batch normalisation without parameters of its own, by the batch in training and by the
     * running statistics in evaluation.
     */
    BATCH
  }

  /** Checks the ranges. */
  public ClassifierOptions {
    Objects.requireNonNull(normalisation, "normalisation");
    if (inputs < 1 || classes < 1) {
      throw new IllegalArgumentException(
          Text.format(
              "a classifier of %d inputs and %d classes, allowed: at least 1 of each",
              inputs, classes));
    }
    if (!(deviation >= 0) || Double.isInfinite(deviation)) {
      throw new IllegalArgumentException(
          Text.format("a deviation of %s, allowed: finite and at least 0", deviation));
    }
  }

  /** A plain linear layer that starts as PyTorch's do. */
  public static ClassifierOptions plain(int inputs, int classes) {
    return new ClassifierOptions(inputs, classes, Normalisation.NONE, 0);
  }
}
