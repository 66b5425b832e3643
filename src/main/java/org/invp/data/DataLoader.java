package org.invp.data;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prepares the batches of an epoch on worker threads, ahead of the consumer.
 *
 * <p>With an {@link Augmentation} the images come in a random order, drawn from (seed, epoch), and
 * each view is drawn from (seed, epoch, index); with an {@link EvaluationTransform} they come in
 * their own order. The batches are the same bits for any number of workers and wherever in the
 * epoch one begins.
 *
 * <p>Where the transform says to skip what cannot be read, no batch holds such an image: its
 * indices are those of the images that were read, and the data set {@linkplain
 * ImageDataset#noteUnreadable hears} of the others.
 *
 * <p>The workers live as long as the loader; each has a native workspace. Batches go into a ring of
 * reused buffers, so that nothing is allocated once the loader runs (files other than JPEG
 * excepted). One thread at a time may consume. The data set stays the caller's, who closes it after
 * the loader.
 */
public final class DataLoader implements AutoCloseable {
  /** The batches that may exist at once when nothing else is asked for: one in use, two ahead. */
  public static final int DEFAULT_PREFETCH = 3;

  private static final int MAX_CHUNK = 16;
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
  private static final Logger LOG = LoggerFactory.getLogger(DataLoader.class);

  private final ImageDataset dataset;
  private final Transform transform;
  private final int batchSize;
  private final long seed;
  private final int batches;
  private final int images;
  private final BatchPart part;
  private final BatchRing ring;
  private final List<Thread> workers = new ArrayList<>();

  /** A loader with {@link #DEFAULT_PREFETCH} batches in flight. */
  public DataLoader(
      ImageDataset dataset,
      Transform transform,
      int batchSize,
      int workers,
      long seed,
      boolean keepLast) {
    this(dataset, transform, batchSize, workers, seed, keepLast, BatchPart.WHOLE);
  }

  /** A loader of a part of every batch, with {@link #DEFAULT_PREFETCH} batches in flight. */
  public DataLoader(
      ImageDataset dataset,
      Transform transform,
      int batchSize,
      int workers,
      long seed,
      boolean keepLast,
      BatchPart part) {
    this(dataset, transform, batchSize, workers, seed, keepLast, part, DEFAULT_PREFETCH);
  }

  /**
   * Starts the workers; they idle until {@link #start}.
   *
   * @param batchSize images per batch of all processes together, at least 1
   * @param workers threads, 1 to 1024
   * @param seed of the order and the views
   * @param keepLast whether a last batch of fewer images is kept
   * @param part what this loader prepares of every batch; there may be batches of which it is none
   * @param prefetch batches in memory at once, the one in use included, at least 2
   * @throws IllegalArgumentException if an argument is out of range, or no batch would come out
   */
  public DataLoader(
      ImageDataset dataset,
      Transform transform,
      int batchSize,
      int workers,
      long seed,
      boolean keepLast,
      BatchPart part,
      int prefetch) {
    Checks.within("batch size", batchSize, 1, 1 << 20);
    Checks.within("workers", workers, 1, 1024);
    Checks.within("prefetch", prefetch, 2, 1024);
    if (dataset.size() < (keepLast ? 1 : batchSize)) {
      throw new IllegalArgumentException(
          Text.format(
              "a batch of %d images from a data set of %d, allowed: at most its size",
              batchSize, dataset.size()));
    }
    this.dataset = dataset;
    this.transform = transform;
    this.batchSize = batchSize;
    this.seed = seed;
    this.part = part;
    this.images = keepLast ? dataset.size() : dataset.size() - dataset.size() % batchSize;
    this.batches = Math.ceilDiv(images, batchSize);
    int whole = Math.min(batchSize, images);
    int capacity = Math.max(1, Math.max(part.size(whole), part.size(images % whole)));
    int chunk = Math.clamp(capacity / (2 * workers), 1, MAX_CHUNK);
    this.ring = new BatchRing(Math.min(prefetch, batches + 1), capacity, chunk, transform);
    try {
      startWorkers(workers);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private void startWorkers(int count) {
    long imageBytes =
        (long) Float.BYTES * transform.channels() * transform.height() * transform.width();
    boolean skips = transform.decoding().skips();
    for (int i = 0; i < count; i++) {
      NativeTransform own = new NativeTransform(transform);
      try {
        workers.add(
            Thread.ofPlatform()
                .name("invp-loader-" + i)
                .daemon(true)
                .start(new LoaderWorker(dataset, own, ring, imageBytes, skips)));
      } catch (OutOfMemoryError e) { // There is no thread that would close it.
        own.close();
        throw e;
      }
    }
  }

  /** The number of batches in an epoch. */
  public int batches() {
    return batches;
  }

  /** The number of images in a full batch, of all parts together. */
  public int batchSize() {
    return batchSize;
  }

  /** The number of images in an epoch: the data set's, less those of a dropped last batch. */
  public int images() {
    return images;
  }

  /**
   * Begins an epoch, whatever became of the one before; batches taken from it are no longer valid.
   *
   * @param epoch its number
   * @param firstBatch the batch to begin with, 0 to {@link #batches}
   */
  public void start(long epoch, int firstBatch) {
    Checks.within("first batch", firstBatch, 0, batches);
    EpochPlan plan =
        transform instanceof Augmentation
            ? EpochPlan.shuffled(seed, epoch, dataset.size(), images, batchSize, part)
            : EpochPlan.sequential(seed, epoch, images, batchSize, part);
    ring.start(plan, firstBatch);
  }

  /**
   * The next batch, waiting for it if need be; null at the end of the epoch. The batch before it is
   * no longer valid.
   *
   * @throws org.invp.InvalidDataException if an image of the batch cannot be read, naming its file,
   *     unless the transform says to skip it
   * @throws IllegalStateException before {@link #start} or after {@link #close}
   */
  public Batch next() {
    return next(() -> {});
  }

  /**
   * As {@link #next()}.
   *
   * @param whileWaiting called several times a second as long as the batch is not ready, for
   *     example because a disk has stalled; it ends the waiting by throwing, and the loader stays
   *     as it was
   */
  public Batch next(Runnable whileWaiting) {
    try {
      return ring.take(whileWaiting);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new InvpException("cannot prepare a batch: " + e.getMessage(), e);
    }
  }

  /**
   * Runs through an epoch from its start.
   *
   * @param epoch as {@link #start} takes it
   * @param betweenBatches called before every batch and while one is waited for; it ends this by
   *     throwing
   * @param body gets every batch; it is valid until the body returns
   */
  public void forEach(int epoch, Runnable betweenBatches, Consumer<Batch> body) {
    start(epoch, 0);
    for (Batch batch = next(betweenBatches); batch != null; batch = next(betweenBatches)) {
      betweenBatches.run();
      body.accept(batch);
    }
  }

  /** How long {@link #next} has waited for batches since the loader was made, in seconds. */
  public double waitSeconds() {
    return ring.waitSeconds();
  }

  /**
   * Stops the workers, waits for them and releases the batches; idempotent. A worker whose reading
   * has stalled is waited for no longer than ten seconds: then the batches, which it may still
   * write to, are never released.
   */
  @Override
  public void close() {
    close(CLOSE_LIMIT);
  }

  void close(Duration limit) {
    ring.stop();
    long deadline = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    for (Thread worker : workers) {
      boolean waiting = true;
      while (waiting) {
        try {
          waiting = !worker.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
          if (waiting && System.nanoTime() - deadline >= 0) {
            LOG.warn("{} is stuck in reading an image; its memory is given up", worker.getName());
            break;
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (workers.stream().noneMatch(Thread::isAlive)) {
      ring.close();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
