package org.invp.config;

import org.invp.bank.Device;
import org.invp.objective.GraphUpdate;

/**
 * The training loop.
 *
 * @param epochs how often every image is seen; the epochs are 1, 2, ..., {@code epochs}. The
 *     published loop stops one earlier, after epoch max_epoch - 1 = 799; with its cosine the rate
 *     of epoch 800 is 0, so that this last epoch changes the bank and the running statistics of
 *     batch norm, but no weight
 * @param batchSize B, images per step
 * @param keepLastBatch whether the incomplete batch at the end of an epoch is used
 * @param device where bank and network work: {@code cpu}, {@code cuda}, {@code cuda:N} or {@code
 *     auto}
 * @param threads threads of the bank and of the network; 0 for as many as there are processors
 * @param graph {@code lazy}, as published: every step writes the neighbour graph's rows of its
 *     batch; {@code epoch}: no step does, and the exact graph of the whole bank is rebuilt at the
 *     start of an epoch; {@code pixels}: no step does either, and the graph is the exact one of the
 *     images' raw pixels, as evaluation views of length 1, built once
 * @param graphEvery with {@code graph: epoch}, the epochs from one rebuild to the next. The first
 *     is at the start of epoch 2, or of epoch 1 if the bank starts with features: the nearest of
 *     random rows say nothing, so until then the graph is all zeros, as at the published start
 * @param bankRefresh {@code never}, as published: a bank row changes only when its image is trained
 *     on; {@code epoch}: at the start of an epoch every row becomes the embedding that the network
 *     then gives of its image's evaluation view. Needs {@code graph: epoch}, which follows from it,
 *     or {@code pixels}
 * @param bankRefreshEvery with {@code bank_refresh: epoch}, the epochs from one refresh to the
 *     next; the first is at the start of epoch 2
 * @param checkpointEveryEpochs epochs between checkpoints, at least 1; the last epoch always has
 *     one
 * @param checkpointEverySteps steps between further checkpoints within an epoch; 0 for none
 * @param logEvery steps between lines in {@code metrics.jsonl}; 0 for one line per epoch only
 * @param tensorboard whether the same figures also go to event files for TensorBoard
 */
public record LoopConfig(
    int epochs,
    int batchSize,
    boolean keepLastBatch,
    String device,
    int threads,
    GraphUpdate graph,
    int graphEvery,
    BankRefresh bankRefresh,
    int bankRefreshEvery,
    int checkpointEveryEpochs,
    int checkpointEverySteps,
    int logEvery,
    boolean tensorboard) {

  /** When all rows of the memory bank are computed anew. */
  public enum BankRefresh {
    /** Never, as published. */
    NEVER,
    /** At the start of epochs. */
    EPOCH
  }

  /** Checks what belongs together. */
  public LoopConfig {
    if (bankRefresh == BankRefresh.EPOCH && graph == GraphUpdate.LAZY) {
      throw new IllegalArgumentException(
          "training.bank_refresh is epoch, which needs training.graph: epoch, or pixels");
    }
  }

  static LoopConfig read(Section section) {
    return section.build(LoopConfig::values);
  }

  private static LoopConfig values(Section section) {
    return new LoopConfig(
        section.integer("epochs", 800, Range.atLeast(1)),
        section.integer("batch_size", 128, Range.atLeast(1)),
        section.flag("keep_last_batch", true),
        section.checked("device", "cpu", name -> Device.parse(name).toString()),
        section.integer("threads", 0, Range.between(0, 1024)),
        section.choice("graph", GraphUpdate.LAZY, GraphUpdate.class),
        section.integer("graph_every", 1, Range.atLeast(1)),
        section.choice("bank_refresh", BankRefresh.NEVER, BankRefresh.class),
        section.integer("bank_refresh_every", 1, Range.atLeast(1)),
        section.integer("checkpoint_every_epochs", 1, Range.atLeast(1)),
        section.integer("checkpoint_every_steps", 0, Range.atLeast(0)),
        section.integer("log_every", 0, Range.atLeast(0)),
        section.flag("tensorboard", true));
  }

  /** The number of threads, with 0 resolved. */
  public int resolvedThreads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }
}
