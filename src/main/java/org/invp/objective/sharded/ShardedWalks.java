package org.invp.objective.sharded;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.objective.Walks;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;
import org.invp.tensor.Workspace;

/** Walks over a bank and a graph of which every rank has a shard, the graph's on the host. */
public final class ShardedWalks extends Walks {
  private final ProcessGroup group;
  private final Shard shard;
  private final MemoryBank bank;
  private final NeighbourGraph graph;

  public ShardedWalks(ProcessGroup group, Shard shard, MemoryBank bank, NeighbourGraph graph) {
    super(bank.engine().host());
    this.group = group;
    this.shard = shard;
    this.bank = bank;
    this.graph = graph;
  }

  @Override
  public FloatTensor rows(int... anchors) {
    FloatTensor rows = FloatTensor.allocate(anchors.length, bank.dimension());
    for (int a = 0; a < anchors.length; a++) {
      if (shard.owns(anchors[a])) {
        int local = shard.local(anchors[a]);
        rows.slice(a, a + 1L).copyFrom(bank.embeddings().slice(local, local + 1L));
      }
    }
    group.allReduce(rows, Reduction.SUM); // Of one rank's row and zeros.
    return rows;
  }

  @Override
  public Found walk(int[] anchors, FloatTensor rows, int steps, Mode mode) {
    int width = BankEngine.walkWidth(graph.degree(), steps);
    try (Workspace workspace = new Workspace(Memory.HOST);
        ShardBank shardBank = new ShardBank(bank)) {
      IntTensor from = workspace.ints(anchors.length);
      from.copyFrom(anchors);
      IntTensor found = walk(workspace).run(from, steps, mode, width);
      FloatTensor unused = workspace.floats(anchors.length, 2);
      FloatTensor similarities =
          new ShardScores(group, shard, shardBank, workspace)
              .exchange(rows, from, found, unused)
              .positives();
      return new Found(width, anchors, found.toArray(), similarities.toArray());
    }
  }

  @Override
  public int[] neighbours(int... anchors) {
    try (Workspace workspace = new Workspace(Memory.HOST)) {
      IntTensor from = workspace.ints(anchors.length);
      from.copyFrom(anchors);
      return walk(workspace).run(from, 1, Mode.OFFICIAL, graph.degree()).toArray();
    }
  }

  private ShardWalk walk(Workspace workspace) {
    return new ShardWalk(group, shard, bank.engine().host().shard(shard), graph, workspace);
  }
}
