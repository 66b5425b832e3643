package org.invp.data;

import java.util.BitSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The batches between the workers and the consumer: a ring of slots that workers fill, a few images
 * at a time and in order, and that the consumer takes in order. It bounds how far workers run
 * ahead.
 */
final class BatchRing implements AutoCloseable {
  private static final long POLL_NANOS = 100_000_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition ready = lock.newCondition();
  private final Condition idle = lock.newCondition();
  private final BatchSlot[] slots;
  private final int chunkSize;

  private EpochPlan plan;
  private int claimBatch; // the next image to prepare
  private int claimPosition;
  private int taken; // the next batch to hand out
  private int released; // batches below it are done with
  private int busy; // chunks being worked on
  private boolean closed;
  private long waitNanos;

  /** A few images of one batch that one worker prepares. */
  static final class Chunk {
    EpochPlan plan;
    BatchSlot slot;
    int batch;
    int from;
    int to;
    final BitSet unreadable = new BitSet(); // positions in the batch
  }

  BatchRing(int prefetch, int batchSize, int chunkSize, Transform transform) {
    this.chunkSize = chunkSize;
    slots = new BatchSlot[prefetch];
    for (int i = 0; i < prefetch; i++) {
      slots[i] = new BatchSlot(batchSize, transform);
    }
  }

  /** Begins another epoch; waits for workers that are still busy with the one before. */
  void start(EpochPlan next, int firstBatch) {
    lock.lock();
    try {
      requireOpen();
      plan = null;
      while (busy > 0) {
        idle.awaitUninterruptibly();
      }
      for (BatchSlot slot : slots) {
        slot.clear();
      }
      claimBatch = firstBatch;
      claimPosition = 0;
      taken = firstBatch;
      released = firstBatch;
      plan = next;
      work.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for work and fills in what to do; false when the ring is closed. */
  boolean claim(Chunk chunk) {
    lock.lock();
    try {
      while (!closed && !hasWork()) {
        work.awaitUninterruptibly();
      }
      if (closed) {
        return false;
      }
      BatchSlot slot = slots[claimBatch % slots.length];
      if (claimPosition == 0) {
        slot.begin(plan, claimBatch);
      }
      int size = plan.size(claimBatch);
      chunk.plan = plan;
      chunk.slot = slot;
      chunk.unreadable.clear();
      chunk.batch = claimBatch;
      chunk.from = claimPosition;
      chunk.to = Math.min(size, claimPosition + chunkSize);
      claimPosition = chunk.to;
      if (claimPosition == size) {
        claimBatch++;
        claimPosition = 0;
      }
      busy++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Reports a chunk as done; {@code failure}, if any, is that of the image at {@code failedAt}. */
  void complete(Chunk chunk, int failedAt, Throwable failure) {
    lock.lock();
    try {
      chunk.unreadable.stream().forEach(chunk.slot::addUnreadable);
      chunk.slot.complete(chunk.to - chunk.from, failedAt, failure);
      busy--;
      ready.signalAll();
      if (busy == 0) {
        idle.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives back the batch taken before and waits for the next; null at the end of the epoch.
   *
   * @param whileWaiting called several times a second; what it throws ends the waiting, and the
   *     batch can be taken later
   */
  Batch take(Runnable whileWaiting) throws Throwable {
    lock.lock();
    try {
      requireOpen();
      if (plan == null) {
        throw new IllegalStateException("next before start");
      }
      released = taken;
      work.signalAll();
      if (taken == plan.batches()) {
        return null;
      }
      BatchSlot slot = slots[taken % slots.length];
      if (!slot.holds(taken)) {
        awaitBatch(slot, whileWaiting);
        requireOpen();
      }
      if (slot.failure() != null) {
        throw slot.failure();
      }
      return slot.view(plan.size(taken++));
    } finally {
      lock.unlock();
    }
  }

  private void awaitBatch(BatchSlot slot, Runnable whileWaiting) {
    long began = System.nanoTime();
    boolean interrupted = false;
    try {
      while (!closed && !slot.holds(taken)) {
        try {
          if (ready.awaitNanos(POLL_NANOS) <= 0) {
            whileWaiting.run();
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      waitNanos += System.nanoTime() - began;
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** How long {@link #take} has waited, in seconds. */
  double waitSeconds() {
    lock.lock();
    try {
      return waitNanos * 1e-9;
    } finally {
      lock.unlock();
    }
  }

  /** Tells the workers to end. */
  void stop() {
    lock.lock();
    try {
      closed = true;
      work.signalAll();
      ready.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Releases the memory; no worker may be left. */
  @Override
  public void close() {
    stop();
    for (BatchSlot slot : slots) {
      slot.close();
    }
  }

  private boolean hasWork() {
    return plan != null && claimBatch < plan.batches() && claimBatch < released + slots.length;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the data loader is closed");
    }
  }
}
