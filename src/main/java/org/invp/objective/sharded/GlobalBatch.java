package org.invp.objective.sharded;

import java.lang.foreign.MemorySegment;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * Brings the ranks' parts of a batch together: Q anchors, rank 0's first. What is wrong with one
 * rank's part is agreed on before anything else, so that all ranks refuse the step together.
 */
final class GlobalBatch {
  private static final int FINE = 0;
  private static final int BAD_EMBEDDING = 1;
  private static final int REFUSED = 2;

  private final ProcessGroup group;
  private final Shard shard;
  private final int dimension;
  private final BankEngine engine;
  private final Workspace workspace;
  private final int[] sizes;
  private FloatTensor ownUnit;
  private FloatTensor ownNorms;
  private FloatTensor units;
  private IntTensor anchors;

  /**
   * @param engine normalises
   * @param workspace holds what a gathering yields
   */
  GlobalBatch(
      ProcessGroup group, Shard shard, int dimension, BankEngine engine, Workspace workspace) {
    this.group = group;
    this.engine = engine;
    this.shard = shard;
    this.dimension = dimension;
    this.workspace = workspace;
    this.sizes = new int[group.size()];
  }

  /**
   * One rank's part [b, D] becomes everybody's [Q, D].
   *
   * @param indices [b], on the host
   * @param embeddings [b, D], anywhere
   */
  void gather(IntTensor indices, FloatTensor embeddings, FloatTensor gradient) {
    RuntimeException failure = null;
    try {
      normalise(indices, embeddings, gradient);
    } catch (RuntimeException e) {
      failure = e;
    }
    agree((int) indices.size(), failure);
    if (size() == 0) {
      throw new IllegalArgumentException("the batch is empty on all ranks");
    }
    exchange(indices);
  }

  private void normalise(IntTensor indices, FloatTensor embeddings, FloatTensor gradient) {
    int batch = (int) indices.size();
    requireShape("embeddings", embeddings, batch);
    requireShape("gradient", gradient, batch);
    for (int b = 0; b < batch; b++) {
      if (indices.get(b) < 0 || indices.get(b) >= shard.rows()) {
        throw new IllegalArgumentException(
            Text.format(
                "image %d of the batch is %d, allowed: 0 to %d",
                b, indices.get(b), shard.rows() - 1));
      }
    }
    ownUnit = workspace.floats(batch, dimension);
    ownNorms = workspace.floats(batch);
    if (batch > 0) {
      engine.normalise(workspace.in(embeddings), ownUnit, ownNorms);
    }
  }

  private void requireShape(String name, FloatTensor tensor, int batch) {
    if (tensor.shape().length != 2 || tensor.shape(0) != batch || tensor.shape(1) != dimension) {
      throw new IllegalArgumentException(
          Text.format("%s need the shape [%d, %d]", name, batch, dimension));
    }
  }

  private void agree(int batch, RuntimeException failure) {
    int verdict =
        failure == null ? FINE : failure instanceof InvalidDataException ? BAD_EMBEDDING : REFUSED;
    IntTensor all = workspace.ints(group.size(), 2);
    IntTensor mine = workspace.ints(2);
    mine.copyFrom(batch, verdict);
    group.allGather(mine, all);
    if (failure != null) {
      throw failure;
    }
    for (int rank = 0; rank < sizes.length; rank++) {
      sizes[rank] = all.get(2L * rank);
      if (all.get(2L * rank + 1) == BAD_EMBEDDING) {
        throw new InvalidDataException(
            Text.format("rank %d: an embedding is not finite or has norm 0", rank));
      }
      if (all.get(2L * rank + 1) == REFUSED) {
        throw new IllegalArgumentException(
            Text.format("rank %d refuses its part of the batch", rank));
      }
    }
  }

  // An image and its embedding travel together, padded to the largest part.
  private void exchange(IntTensor indices) {
    long width = dimension + 1L;
    long rowBytes = 4L * dimension;
    IntTensor mine = workspace.ints(largest(), width);
    for (int b = 0; b < sizes[group.rank()]; b++) {
      MemorySegment.copy(ownUnit.segment(), b * rowBytes, mine.segment(), 4 * b * width, rowBytes);
      mine.set(b * width + dimension, indices.get(b));
    }
    IntTensor all = workspace.ints(group.size(), largest(), width);
    group.allGather(mine, all);
    units = workspace.floats(size(), dimension);
    anchors = workspace.ints(size());
    int q = 0;
    for (int rank = 0; rank < sizes.length; rank++) {
      for (int b = 0; b < sizes[rank]; b++) {
        long from = ((long) rank * largest() + b) * width;
        MemorySegment.copy(all.segment(), 4 * from, units.segment(), q * rowBytes, rowBytes);
        anchors.set(q, all.get(from + dimension));
        q++;
      }
    }
  }

  /** Q, the number of anchors of all ranks. */
  int size() {
    int sum = 0;
    for (int size : sizes) {
      sum += size;
    }
    return sum;
  }

  /** The number of anchors of one rank. */
  int size(int rank) {
    return sizes[rank];
  }

  /** The largest part: what collectives are padded to. */
  int largest() {
    int most = 0;
    for (int size : sizes) {
      most = Math.max(most, size);
    }
    return most;
  }

  /** The place of a rank's first anchor among all. */
  int first(int rank) {
    int sum = 0;
    for (int before = 0; before < rank; before++) {
      sum += sizes[before];
    }
    return sum;
  }

  /** [Q, D], everybody's normalised embeddings. */
  FloatTensor units() {
    return units;
  }

  /** [Q], everybody's images. */
  IntTensor anchors() {
    return anchors;
  }

  /** [b], this rank's images. */
  IntTensor ownAnchors() {
    int first = first(group.rank());
    return anchors.slice(first, first + (long) size(group.rank()));
  }

  /** [b, D], this rank's normalised embeddings. */
  FloatTensor ownUnit() {
    return ownUnit;
  }

  /** [b], this rank's norms. */
  FloatTensor ownNorms() {
    return ownNorms;
  }
}
