package org.invp.objective.sharded;

import java.util.Arrays;
import org.invp.InvalidDataException;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.bank.ShardStages;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.internal.Text;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * The walk over a graph in shards, hop by hop: the owners fill in the rows of all anchors' newest
 * images, and every rank takes the hop alike. Yields what {@code BankEngine.walk} does on the whole
 * graph.
 */
final class ShardWalk {
  private static final int NONE = -1;

  private final ProcessGroup group;
  private final Shard shard;
  private final ShardStages stages;
  private final NeighbourGraph graph;
  private final Workspace workspace;
  private long rowsFetched;

  /**
   * @param workspace holds what a walk finds
   */
  ShardWalk(
      ProcessGroup group,
      Shard shard,
      ShardStages stages,
      NeighbourGraph graph,
      Workspace workspace) {
    this.group = group;
    this.shard = shard;
    this.stages = stages;
    this.graph = graph;
    this.workspace = workspace;
  }

  /**
   * Collective.
   *
   * @param anchors [Q]
   * @param width W, the ids that so many steps may yield
   * @return [Q, W], padded with -1
   */
  IntTensor run(IntTensor anchors, int steps, Mode mode, int width) {
    int batch = (int) anchors.size();
    IntTensor layers = workspace.ints(batch, width);
    IntTensor positives = workspace.ints(batch, width);
    layers.segment().fill((byte) NONE);
    positives.segment().fill((byte) NONE);
    for (int q = 0; q < batch; q++) {
      layers.set((long) q * width, anchors.get(q));
    }
    for (int step = 0; step < steps; step++) {
      int[] images = images(layers);
      if (images.length > 0) {
        stages.walkHop(anchors, fetch(images), mode, layers, positives);
      }
    }
    return positives;
  }

  private static int[] images(IntTensor layers) {
    return Arrays.stream(layers.toArray()).filter(id -> id != NONE).toArray();
  }

  /** The graph rows of images, one after the other. */
  private IntTensor fetch(int... images) {
    int k = graph.degree();
    IntTensor rows = workspace.ints(images.length, k);
    rows.segment().fill((byte) 0);
    for (int at = 0; at < images.length; at++) {
      if (shard.owns(images[at])) {
        int local = shard.local(images[at]);
        rows.slice(at, at + 1L).copyFrom(graph.neighbours().slice(local, local + 1L));
      }
    }
    group.allReduce(rows, Reduction.SUM); // Of one rank's row and zeros.
    rowsFetched += images.length;
    for (long i = 0; i < rows.size(); i++) {
      if (rows.get(i) < 0 || rows.get(i) >= shard.rows()) {
        throw new InvalidDataException(
            Text.format(
                "the graph names image %d, allowed: 0 to %d", rows.get(i), shard.rows() - 1));
      }
    }
    return rows;
  }

  /** How many graph rows were fetched so far: what decides the traffic. */
  long rowsFetched() {
    return rowsFetched;
  }
}
