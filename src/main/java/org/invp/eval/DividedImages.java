package org.invp.eval;

import java.util.BitSet;
import java.util.stream.IntStream;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.tensor.FloatTensor;

/**
 * A data set whose features several ranks compute: image g on rank g mod R, there as image g div R.
 * Borrows the group and the data set.
 */
public final class DividedImages {
  private final ProcessGroup group;
  private final ImageDataset all;
  private final ImageDataset own;

  /** Divides a data set. */
  public DividedImages(ProcessGroup group, ImageDataset all) {
    this.group = group;
    this.all = all;
    this.own =
        group.size() == 1
            ? all
            : all.select(
                IntStream.iterate(group.rank(), image -> image < all.size(), i -> i + group.size())
                    .toArray());
  }

  /** This rank's images, perhaps none. */
  public ImageDataset own() {
    return own;
  }

  /** The most images that a rank has. */
  private int most() {
    return Math.ceilDiv(all.size(), group.size());
  }

  /** Works on some of a rank's images. */
  interface Piece {
    /** Image i of {@code images} belongs to row {@code first} + i of the rank's. */
    void run(ImageDataset images, int first);
  }

  /**
   * Works on this rank's images a piece at a time.
   *
   * @param size images in a piece
   * @param betweenPieces runs before every piece and equally often on every rank, so that it may be
   *     a collective
   */
  void inPieces(int size, Runnable betweenPieces, Piece work) {
    for (int first = 0; first < most(); first += size) {
      betweenPieces.run();
      int end = Math.min(first + size, own.size());
      if (first < end) {
        work.run(own.select(IntStream.range(first, end).toArray()), first);
      }
    }
  }

  /**
   * Tells every rank of which images something is true.
   *
   * @param own those of this rank's
   * @return those of all images
   */
  BitSet gather(BitSet own) {
    try (FloatTensor flags = FloatTensor.allocate(this.own.size(), 1);
        FloatTensor gathered = FloatTensor.allocate(all.size(), 1)) {
      own.stream().forEach(image -> flags.set(image, 1));
      gather(flags, gathered);
      BitSet found = new BitSet(all.size());
      IntStream.range(0, all.size()).filter(image -> gathered.get(image) > 0).forEach(found::set);
      return found;
    }
  }

  /**
   * Gives every rank the rows of all images.
   *
   * @param rows [own images, D]
   * @param gathered [images, D], out
   */
  public void gather(FloatTensor rows, FloatTensor gathered) {
    long columns = gathered.shape(1);
    try (FloatTensor padded = FloatTensor.allocate(most(), columns);
        FloatTensor parts = FloatTensor.allocate((long) group.size() * most(), columns)) {
      padded.slice(own.size()).copyFrom(rows);
      group.allGather(padded, parts);
      for (long image = 0; image < all.size(); image++) {
        long part = image % group.size() * most() + image / group.size();
        gathered.slice(image, image + 1).copyFrom(parts.slice(part, part + 1));
      }
    }
  }
}
