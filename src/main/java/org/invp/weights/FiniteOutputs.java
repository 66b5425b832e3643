package org.invp.weights;

import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;

/**
 * Whether a network gives finite numbers at all: of a gray image and of a checkered one. Weights
 * may be finite and overflow on the way.
 */
final class FiniteOutputs {
  private static final int SIDE = 32;

  private FiniteOutputs() {}

  /**
   * Tries a network.
   *
   * @throws InvalidDataException if one of its outputs is not a finite number
   */
  static void require(Network network) {
    int channels = network.options().channels();
    try (FloatTensor images = FloatTensor.allocate(2, channels, SIDE, SIDE);
        FloatTensor features = FloatTensor.allocate(2, network.featureDimension());
        FloatTensor embeddings = FloatTensor.allocate(2, network.embeddingDimension())) {
      for (long at = images.size() / 2; at < images.size(); at++) {
        images.set(at, (at / SIDE + at) % 2 == 0 ? 1 : -1);
      }
      network.embed(images, features, embeddings);
      require("the backbone's features", features);
      require("the embeddings", embeddings);
    }
  }

  private static void require(String what, FloatTensor values) {
    for (float value : values.toArray()) {
      if (!Float.isFinite(value)) {
        throw new InvalidDataException(
            Text.format(
                "%s that the network gives of a plain image are not finite: its weights or running"
                    + " statistics cannot be used",
                what));
      }
    }
  }
}
