package org.invp.eval;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Batches of features of labelled images, of one or several layers of a frozen network. */
interface LabelledFeatures extends AutoCloseable {
  /** The number of images; a pass may bring fewer, without those that could not be read. */
  int images();

  /** Batches in an epoch, at most. */
  int batches();

  /**
   * Begins a pass over all images.
   *
   * @param epoch decides the order and the views, where these are random
   */
  void start(int epoch);

  /** Goes to the next batch, the one before is no longer valid; false at the end. */
  boolean next();

  /** The features of one layer, [B, length]. */
  FloatTensor features(int layer);

  /** What is known of the images: labels [B], or targets [B, classes]. */
  IntTensor truth();

  @Override
  void close();
}
