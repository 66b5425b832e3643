package org.invp.train;

import org.invp.data.Batch;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;

/**
 * What all ranks must know before any of them goes on: how many images the step has, and whether
 * one of them was asked to stop. Both methods are collectives; with one rank they ask nobody.
 */
final class Agreement {
  /** Batch norm needs two images; a part of a batch that corrupt files leave with fewer is left. */
  static final int SMALLEST_BATCH = 2;

  private final ProcessGroup group;
  private final StopRequest stop;

  /**
   * The images of one step.
   *
   * @param own of this rank that take part
   * @param all of all ranks that take part; 0 where there is no step to take
   * @param corrupt of all ranks that could not be read
   */
  record Images(int own, int all, int corrupt) {}

  Agreement(ProcessGroup group, StopRequest stop) {
    this.group = group;
    this.stop = stop;
  }

  /**
   * Counts the images of a step.
   *
   * @throws StopRequest.Stopped on all ranks if one of several was asked to stop: before the step,
   *     which is not taken
   */
  Images before(Batch batch) {
    boolean tooFew = batch.corrupt() > 0 && batch.size() < SMALLEST_BATCH;
    int own = tooFew ? 0 : batch.size();
    if (group.size() == 1) {
      return new Images(own, own, batch.corrupt());
    }
    long[] sums = {own, batch.corrupt(), stop.requested() ? 1 : 0};
    group.allReduce(sums, Reduction.SUM);
    follow(sums[2]);
    return new Images(own, Math.toIntExact(sums[0]), Math.toIntExact(sums[1]));
  }

  /** Ends what is running if this rank is the only one and was asked to stop; no collective. */
  void checkAlone() {
    if (group.size() == 1) {
      stop.check();
    }
  }

  /** Ends what is running, on all ranks, if one was asked to stop. */
  void check() {
    if (group.size() == 1) {
      stop.check();
      return;
    }
    long[] asked = {stop.requested() ? 1 : 0};
    group.allReduce(asked, Reduction.SUM);
    follow(asked[0]);
  }

  // What this rank was asked meanwhile counts the next time.
  private void follow(long asked) {
    if (asked > 0) {
      stop.request();
      stop.check();
    }
  }
}
