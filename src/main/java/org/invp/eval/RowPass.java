package org.invp.eval;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.invp.data.Batch;
import org.invp.data.DataLoader;
import org.invp.data.ImageDataset;
import org.invp.data.Transform;
import org.invp.tensor.FloatTensor;

/**
 * One pass over a data set in which something is computed of every image: that of image i goes to
 * row i. The one place that knows that batches may lack images, see {@link DataLoader}: the rows of
 * those become NaN, so that whoever forgets them finds out.
 */
final class RowPass {
  private final ImageDataset images;
  private final List<FloatTensor> rows;
  private final BitSet read;

  /** Computes the rows of a batch. */
  interface Work {
    /**
     * @param rows [batch.size, D] for each of the pass, out; null where the pass has null
     */
    void compute(Batch batch, List<FloatTensor> rows);
  }

  private RowPass(ImageDataset images, List<FloatTensor> rows) {
    this.images = images;
    this.rows = rows;
    this.read = new BitSet(images.size());
  }

  /**
   * Runs the pass.
   *
   * @param view without randomness
   * @param rows [images, D] each, out; null for one that is not wanted
   * @param betweenBatches called before every batch; it ends the pass by throwing
   */
  static ReadImages over(
      ImageDataset images,
      Transform view,
      int batchSize,
      int workers,
      List<FloatTensor> rows,
      Runnable betweenBatches,
      Work work) {
    RowPass pass = new RowPass(images, rows);
    try (DataLoader loader = new DataLoader(images, view, batchSize, workers, 0, true)) {
      loader.forEach(0, betweenBatches, batch -> pass.take(batch, work));
    }
    return pass.end();
  }

  private void take(Batch batch, Work work) {
    if (batch.size() == 0) {
      return;
    }
    if (batch.corrupt() == 0) {
      int first = batch.indices().get(0);
      read.set(first, first + batch.size());
      compute(batch, eachOf(all -> Rows.slice(all, first, batch.size())), work);
      return;
    }
    List<FloatTensor> own = eachOf(all -> FloatTensor.allocate(batch.size(), all.shape(1)));
    try {
      compute(batch, own, work);
      for (int i = 0; i < batch.size(); i++) {
        int image = batch.indices().get(i);
        read.set(image);
        for (int which = 0; which < rows.size(); which++) {
          if (rows.get(which) != null) {
            Rows.slice(rows.get(which), image, 1).copyFrom(own.get(which).slice(i, i + 1L));
          }
        }
      }
    } finally {
      forEachOf(own, FloatTensor::close);
    }
  }

  private void compute(Batch batch, List<FloatTensor> own, Work work) {
    work.compute(batch, own);
    own.forEach(one -> FiniteRows.require(one, images, batch.indices()));
  }

  private ReadImages end() {
    ReadImages found = new ReadImages(read, images.size());
    for (int image : found.others()) {
      forEachOf(
          rows,
          all -> {
            for (long at = image * all.shape(1); at < (image + 1) * all.shape(1); at++) {
              all.set(at, Float.NaN);
            }
          });
    }
    return found;
  }

  private List<FloatTensor> eachOf(UnaryOperator<FloatTensor> part) {
    List<FloatTensor> parts = new ArrayList<>();
    rows.forEach(all -> parts.add(all == null ? null : part.apply(all)));
    return parts;
  }

  private static void forEachOf(List<FloatTensor> rows, Consumer<FloatTensor> action) {
    rows.stream().filter(one -> one != null).forEach(action);
  }
}
