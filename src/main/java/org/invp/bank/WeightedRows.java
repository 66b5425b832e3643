package org.invp.bank;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * For each anchor rows of a bank, and their weights in a sum. The tensors stay their owner's.
 *
 * @param ids [B, W], places in the bank, ascending as far as they count; repeats are allowed
 * @param weights [B, W]
 * @param counts [B], how many of the W count, 0 to W
 */
public record WeightedRows(IntTensor ids, FloatTensor weights, IntTensor counts) {
  /** B, after all shapes were checked. */
  int batch(FloatTensor bank, FloatTensor sums) {
    int batch = Shapes.extent("batch", ids.shape(0));
    Shapes.require("ids", ids.shape(), batch, ids.shape(1));
    Shapes.require("weights", weights.shape(), ids.shape());
    Shapes.require("counts", counts.shape(), batch);
    Shapes.require("sums", sums.shape(), batch, bank.shape(1));
    return batch;
  }

  int width() {
    return Shapes.extent("width", ids.shape(1));
  }
}
