package org.invp.data;

/** Some images of a multi-label data set, in any order. */
final class MultiLabelSelection extends SelectedDataset implements MultiLabelDataset {
  private final MultiLabelDataset whole;

  MultiLabelSelection(MultiLabelDataset whole, int... images) {
    super(whole, images);
    this.whole = whole;
  }

  @Override
  public int label(int index) {
    return super.label(index);
  }

  @Override
  public Target target(int image, int cls) {
    return whole.target(place(image), cls);
  }
}
