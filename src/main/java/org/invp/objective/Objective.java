package org.invp.objective;

import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.objective.sharded.ShardedInvariancePropagation;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A training step's loss and gradient, for one process or for one of several.
 *
 * <p>Among R processes (ranks) every call of {@link #step} is collective: all ranks call it, each
 * with its own part of one global batch, which is the ranks' parts one after the other, rank 0's
 * first. Parts may differ in size, and all but one may be empty. The losses are means over the
 * global batch. So R ranks together do what one process does with the whole batch: summing the
 * parameters' gradients over the ranks gives that process's gradient.
 *
 * <p>Not thread-safe: one step at a time.
 */
public interface Objective extends AutoCloseable {
  /**
   * Over a bank and a graph that lie in one process or in several. A bank that is whole is kept to
   * where its engine works, and nothing is exchanged.
   *
   * @param shard which rows {@code bank} and {@code graph} have
   * @param graphUpdate whether a step writes the graph rows of its batch
   * @throws IllegalArgumentException if sizes do not fit, or M exceeds N
   */
  static Objective over(
      ProcessGroup group,
      Shard shard,
      MemoryBank bank,
      NeighbourGraph graph,
      ObjectiveOptions options,
      GraphUpdate graphUpdate) {
    return shard.size() == 1
        ? new InvariancePropagation(bank, graph, options, graphUpdate)
        : new ShardedInvariancePropagation(group, shard, bank, graph, options, graphUpdate);
  }

  /**
   * One step: both losses and their gradient from the bank and the graph as they were, which are
   * then updated.
   *
   * @param indices [B], the images of this rank's part of the batch, ids of the whole data set; of
   *     an image repeated in the global batch every occurrence counts in the losses, the last one
   *     is written
   * @param embeddings [B, D], the network's output, not normalised
   * @param invarianceWeight lambda w(epoch), see {@link ObjectiveOptions#weight}; the same on every
   *     rank
   * @param draw what {@link org.invp.bank.Selection#RANDOM} draws from: 64 bits that differ from
   *     step to step, such as {@link org.invp.bank.Draws#of} gives; the same on every rank. Other
   *     selections do not look at it
   * @param gradient [B, D], out: dL/d(embeddings) of L_ins + invarianceWeight L_inv, both being
   *     means over the global batch
   * @return the same bits on every rank
   * @throws org.invp.InvalidDataException if an embedding is not finite or has norm 0, on whichever
   *     rank; nothing was written then
   */
  StepResult step(
      IntTensor indices,
      FloatTensor embeddings,
      double invarianceWeight,
      long draw,
      FloatTensor gradient);

  /**
   * What the walk of the last step found: [B, W] ids of the whole data set in the order of the
   * mode's definition, -1 for none; valid until the next step.
   *
   * @throws IllegalStateException before the first step
   */
  IntTensor positives();

  /** Releases the buffers; idempotent. Bank and graph stay open. */
  @Override
  void close();
}
