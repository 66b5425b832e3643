package org.invp.eval;

import org.invp.nn.Network;

/** What represents an image: one of a network's two outputs. */
public enum NetworkOutput {
  /** The head's output, D numbers: what training compares. */
  EMBEDDING,
  /** The backbone's output after pooling, F numbers. */
  BACKBONE;

  /** How many numbers an image has. */
  public int width(Network network) {
    return this == EMBEDDING ? network.embeddingDimension() : network.featureDimension();
  }
}
