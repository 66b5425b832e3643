package org.invp.objective;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Walks over a bank and a graph of which every rank has a shard, the graph's on the host. */
final class ShardedWalks extends Walks {
  private final ProcessGroup group;
  private final Shard shard;
  private final MemoryBank bank;
  private final NeighbourGraph graph;

  ShardedWalks(ProcessGroup group, Shard shard, MemoryBank bank, NeighbourGraph graph) {
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
    try (IntTensor from = IntTensor.of(anchors, anchors.length);
        FloatTensor unused = FloatTensor.allocate(anchors.length, 2);
        ShardBank shardBank = new ShardBank(bank);
        ShardWalk walk = new ShardWalk(group, shard, graph, steps, mode, width);
        ShardScores scores = new ShardScores(group, shard, shardBank)) {
      IntTensor found = walk.run(from);
      scores.exchange(rows, from, found, unused);
      return new Found(
          width, anchors, found.toArray(), scores.positiveScores(anchors.length, width).toArray());
    }
  }

  @Override
  public int[] neighbours(int... anchors) {
    int k = graph.degree();
    try (IntTensor from = IntTensor.of(anchors, anchors.length);
        ShardWalk hop = new ShardWalk(group, shard, graph, 1, Mode.OFFICIAL, k)) {
      return hop.run(from).toArray();
    }
  }
}
