package org.invp.data;

import java.util.function.IntUnaryOperator;

/** A data set with other labels. */
public final class RelabelledDataset extends ForwardingDataset {
  private final IntUnaryOperator relabel;

  /**
   * @param images closed with this data set
   * @param relabel gives a label's new one
   */
  public RelabelledDataset(ImageDataset images, IntUnaryOperator relabel) {
    super(images);
    this.relabel = relabel;
  }

  @Override
  public int label(int index) {
    return relabel.applyAsInt(super.label(index));
  }
}
