package org.invp.distributed;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** A group of one: what is gathered or reduced is what was given. */
final class SingleProcess implements ProcessGroup {
  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int localRank() {
    return 0;
  }

  @Override
  public int size() {
    return 1;
  }

  @Override
  public void allReduce(FloatTensor data, Reduction reduction) {}

  @Override
  public void allReduce(IntTensor data, Reduction reduction) {}

  @Override
  public void allReduce(double[] data, Reduction reduction) {}

  @Override
  public void allReduce(long[] data, Reduction reduction) {}

  @Override
  public void allGather(FloatTensor mine, FloatTensor all) {
    all.segment().copyFrom(mine.segment());
  }

  @Override
  public void allGather(IntTensor mine, IntTensor all) {
    all.segment().copyFrom(mine.segment());
  }

  @Override
  public void reduceScatter(FloatTensor all, FloatTensor mine) {
    mine.segment().copyFrom(all.segment());
  }

  @Override
  public void allToAll(IntTensor all, IntTensor received) {
    received.segment().copyFrom(all.segment());
  }

  @Override
  public void broadcast(FloatTensor data, int root) {}

  @Override
  public void barrier() {}

  @Override
  public Traffic traffic() {
    return new Traffic(0, 0);
  }

  @Override
  public void close() {}
}
