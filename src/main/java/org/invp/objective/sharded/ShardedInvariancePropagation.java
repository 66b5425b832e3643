package org.invp.objective.sharded;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.bank.ShardStages;
import org.invp.bank.ShardTensors;
import org.invp.bank.WeightedRows;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.internal.Text;
import org.invp.objective.GraphUpdate;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.Objective;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.StepResult;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;
import org.invp.tensor.Workspace;

/**
 * The loss of Invariance Propagation over a memory bank and a graph that lie in several processes,
 * each with its {@link Shard}; docs/distributed.md tells how a step goes. Selections and the graph
 * have the ids that {@link InvariancePropagation} gives for the whole bank and the global batch;
 * losses, gradients and rows differ from its by rounding alone, since sums run in another order.
 *
 * <p>What a rank sends and receives in a step grows with the global batch and the dimension, not
 * with the bank nor with M; what it keeps, with N / R. Borrows group, bank and graph. One step at a
 * time.
 */
public final class ShardedInvariancePropagation implements Objective {
  private final ProcessGroup group;
  private final Shard shard;
  private final BankEngine host;
  private final ShardBank rows;
  private final ObjectiveOptions options;
  private final GraphUpdate graphUpdate;
  private final int walkWidth;
  private final Workspace workspace = new Workspace(Memory.HOST);
  private final ShardStages stages;
  private final GlobalBatch batch;
  private final ShardSearch search;
  private final ShardWalk walk;
  private final ShardScores scores;
  private final ShardGraph graph;
  private IntTensor positives;

  /**
   * @param group the processes
   * @param shard this process's part of the N images
   * @param bank its rows, [n, D], on any device
   * @param graph its rows, [n, k], on the host; what they name are images of the whole data set
   * @param options the same on every rank
   * @param graphUpdate whether a step writes the graph rows of its batch
   * @throws IllegalArgumentException if sizes do not fit, M exceeds N, or the graph lies on a
   *     device
   */
  public ShardedInvariancePropagation(
      ProcessGroup group,
      Shard shard,
      MemoryBank bank,
      NeighbourGraph graph,
      ObjectiveOptions options,
      GraphUpdate graphUpdate) {
    require(group, shard, bank, graph, options);
    this.group = group;
    this.shard = shard;
    this.options = options;
    this.graphUpdate = graphUpdate;
    this.host = bank.engine().host();
    this.stages = host.shard(shard);
    this.rows = new ShardBank(bank);
    this.walkWidth = BankEngine.walkWidth(options.neighbours(), options.steps());
    this.batch = new GlobalBatch(group, shard, bank.dimension(), host, workspace);
    this.search =
        new ShardSearch(
            group, shard, rows, options.negatives(), options.neighbours() + 1, workspace);
    this.walk = new ShardWalk(group, shard, stages, graph, workspace);
    this.scores = new ShardScores(group, shard, rows, workspace);
    this.graph = new ShardGraph(group, shard, stages, rows, graph, workspace);
  }

  private static void require(
      ProcessGroup group,
      Shard shard,
      MemoryBank bank,
      NeighbourGraph graph,
      ObjectiveOptions options) {
    if (shard.rank() != group.rank() || shard.size() != group.size()) {
      throw new IllegalArgumentException(
          Text.format(
              "the shard of rank %d of %d in rank %d of %d",
              shard.rank(), shard.size(), group.rank(), group.size()));
    }
    if (bank.rows() != shard.localRows()) {
      throw new IllegalArgumentException(
          Text.format("the bank has %d rows, needs %d", bank.rows(), shard.localRows()));
    }
    if (graph.rows() != bank.rows() || graph.degree() != options.neighbours()) {
      throw new IllegalArgumentException(
          Text.format(
              "the graph is %d x %d, needs %d x %d",
              graph.rows(), graph.degree(), bank.rows(), options.neighbours()));
    }
    if (options.negatives() > shard.rows()) {
      throw new IllegalArgumentException(
          Text.format(
              "objective.negatives is %d, allowed: at most the number of images, %d",
              options.negatives(), shard.rows()));
    }
    if (graph.neighbours().memory() != Memory.HOST) {
      throw new IllegalArgumentException(
          "a graph in shards lies on the host, this one on " + graph.neighbours().memory().name());
    }
  }

  @Override
  public StepResult step(
      IntTensor indices,
      FloatTensor embeddings,
      double invarianceWeight,
      long draw,
      FloatTensor gradient) {
    workspace.reset();
    rows.reset();
    batch.gather(indices, embeddings, gradient);
    IntTensor anchors = batch.anchors();
    FloatTensor units = batch.units();

    ShardSearch.Found nearest = search.run(units);
    // Before the lists are sorted by id.
    IntTensor offered =
        graphUpdate == GraphUpdate.LAZY ? graph.exchange(batch, nearest.lists()) : null;
    IntTensor found = walk.run(anchors, options.steps(), options.mode(), walkWidth);
    int first = batch.first(group.rank());
    positives = found.slice(first, first + (long) batch.size(group.rank()));
    ShardTensors tensors = tensors(anchors, nearest, found);
    stages.maxima(tensors, options.mode(), options.exclusive());
    select(tensors, nearest, scores.exchange(units, anchors, found, tensors.maxima()), draw);
    StepResult result = lossesAndGradient(tensors, invarianceWeight, gradient);

    if (offered != null) {
      graph.update(batch, offered, options.mode());
    }
    updateBank(anchors, units);
    return result;
  }

  private ShardTensors tensors(IntTensor anchors, ShardSearch.Found nearest, IntTensor found) {
    long size = anchors.size();
    return new ShardTensors(
        anchors,
        workspace.floats(size),
        workspace.ints(size),
        nearest.lists().ids(),
        nearest.lists().scores(),
        nearest.counts(),
        found,
        workspace.ints(size, options.positives()),
        workspace.floats(size, options.positives()),
        workspace.floats(size, 2));
  }

  /** The selected positives of all anchors, by every rank alike. */
  private void select(
      ShardTensors tensors, ShardSearch.Found nearest, ShardScores.Scores known, long draw) {
    tensors.ownScores().copyFrom(known.own());
    host.select(
        tensors.anchors(),
        tensors.positives(),
        known.positives(),
        options.selection(),
        draw,
        tensors.chosen(),
        tensors.chosenScores());
    for (int q = 0; q < batch.size(); q++) {
      boolean inside = nearest.contains(q, known.own().get(q), tensors.anchors().get(q));
      tensors.ownInside().set(q, inside ? 1 : 0);
    }
  }

  private StepResult lossesAndGradient(
      ShardTensors tensors, double invarianceWeight, FloatTensor gradient) {
    int size = batch.size();
    double[] sums = new double[2 * size];
    stages.sums(tensors, options.mode(), options.exclusive(), options.temperature(), sums);
    group.allReduce(sums, Reduction.SUM);
    double[] losses = new double[2 * size];
    long width = tensors.nearest().shape(1) + 1 + tensors.chosen().shape(1);
    WeightedRows weighted =
        new WeightedRows(
            workspace.ints(size, width), workspace.floats(size, width), workspace.ints(size));
    stages.weights(
        tensors,
        options.mode(),
        options.exclusive(),
        options.temperature(),
        invarianceWeight,
        sums,
        losses,
        weighted);
    FloatTensor part = workspace.floats(size, rows.dimension());
    rows.weighted(weighted, part);
    bringHome(part, gradient);
    double instance = 0;
    double invariance = 0;
    for (int q = 0; q < size; q++) {
      instance += losses[2 * q] / size;
      invariance += losses[2 * q + 1] / size;
    }
    return new StepResult(instance, invariance, stages.meanCosine(batch.units()));
  }

  /** Sums the shards' parts of each anchor's gradient in the rank that brought the anchor. */
  private void bringHome(FloatTensor part, FloatTensor gradient) {
    int each = batch.largest();
    FloatTensor all = workspace.floats((long) group.size() * each, rows.dimension());
    all.segment().fill((byte) 0);
    for (int rank = 0; rank < group.size(); rank++) {
      int first = batch.first(rank);
      int count = batch.size(rank);
      all.slice((long) rank * each, (long) rank * each + count)
          .copyFrom(part.slice(first, first + (long) count));
    }
    FloatTensor mine = workspace.floats(each, rows.dimension());
    group.reduceScatter(all, mine);
    int own = batch.size(group.rank());
    if (own > 0) {
      FloatTensor projected = mine.slice(own);
      stages.project(
          batch.ownUnit(), batch.ownNorms(), options.temperature(), batch.size(), projected);
      gradient.copyFrom(projected);
    }
  }

  private void updateBank(IntTensor anchors, FloatTensor units) {
    int count = 0;
    for (int q = 0; q < batch.size(); q++) {
      count += shard.owns(anchors.get(q)) ? 1 : 0;
    }
    if (count == 0) {
      return;
    }
    IntTensor ids = workspace.ints(count);
    FloatTensor fresh = workspace.floats(count, rows.dimension());
    int at = 0;
    for (int q = 0; q < batch.size(); q++) {
      if (shard.owns(anchors.get(q))) {
        ids.set(at, shard.local(anchors.get(q)));
        fresh.slice(at, at + 1L).copyFrom(units.slice(q, q + 1L));
        at++;
      }
    }
    rows.update(ids, fresh, options.bankMomentum());
  }

  /**
   * Replaces the whole graph by the exact one of the present bank, as {@link
   * NeighbourGraph#rebuild} does in one process; collective.
   *
   * @param progress hears of it on this rank; if it throws it must do so on all ranks
   */
  public void rebuildGraph(NeighbourGraph.Progress progress) {
    graph.rebuild(progress);
  }

  @Override
  public IntTensor positives() {
    if (positives == null) {
      throw new IllegalStateException("no step was taken yet");
    }
    return positives;
  }

  /** What decided this rank's traffic so far. */
  record Work(long cutsCounted, long graphRows, long numbers, long searchedAgain) {}

  Work work() {
    return new Work(
        search.selection().counted(),
        walk.rowsFetched(),
        scores.numbersExchanged(),
        search.searchedAgain());
  }

  @Override
  public void close() {
    workspace.close();
    rows.close();
    positives = null;
  }
}
