package org.invp.data;

import java.util.Objects;

/** The first images of a multi-label data set. */
final class MultiLabelSubset extends SubsetDataset implements MultiLabelDataset {
  private final MultiLabelDataset whole;

  MultiLabelSubset(MultiLabelDataset whole, int size) {
    super(whole, size);
    this.whole = whole;
  }

  @Override
  public int label(int index) {
    return super.label(index);
  }

  @Override
  public MultiLabelDataset subset(int count) {
    return MultiLabelDataset.super.subset(count);
  }

  @Override
  public Target target(int image, int cls) {
    return whole.target(Objects.checkIndex(image, size()), cls);
  }
}
