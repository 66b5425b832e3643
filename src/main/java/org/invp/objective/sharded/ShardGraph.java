package org.invp.objective.sharded;

import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.bank.ShardStages;
import org.invp.distributed.ProcessGroup;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * Writes the rows of a graph in shards. Every shard sends its k + 1 best of a query to the query's
 * home, the rank that brought it, and only there they become a row: what a rank receives does not
 * grow with the square of the number of ranks.
 */
final class ShardGraph {
  private static final int ROWS_PER_CALL = 2048;
  private static final int NOBODY = -1;

  private final ProcessGroup group;
  private final Shard shard;
  private final ShardStages stages;
  private final ShardBank bank;
  private final NeighbourGraph graph;
  private final Workspace workspace;
  private final int best;

  /**
   * @param workspace holds what is exchanged
   */
  ShardGraph(
      ProcessGroup group,
      Shard shard,
      ShardStages stages,
      ShardBank bank,
      NeighbourGraph graph,
      Workspace workspace) {
    this.group = group;
    this.shard = shard;
    this.stages = stages;
    this.bank = bank;
    this.graph = graph;
    this.workspace = workspace;
    this.best = graph.degree() + 1;
  }

  /** Room for this shard's best of `each` queries of every home: a score's bits and an id each. */
  private IntTensor offers(int each) {
    IntTensor all = workspace.ints(group.size(), each, best, 2);
    for (long i = 0; i < all.size(); i += 2) {
      all.set(i, 0);
      all.set(i + 1, NOBODY);
    }
    return all;
  }

  private void offer(IntTensor all, int each, int home, int place, RankedLists lists, int query) {
    long at = 2L * ((long) home * each + place) * best;
    for (int j = 0; j < Math.min(best, lists.length()); j++) {
      long from = (long) query * lists.length() + j;
      all.set(at + 2 * j, Float.floatToRawIntBits(lists.scores().get(from)));
      all.set(at + 2 * j + 1, shard.global(lists.ids().get(from)));
    }
  }

  private IntTensor exchange(IntTensor offers, int each) {
    IntTensor offered = workspace.ints(group.size(), each, best, 2);
    group.allToAll(offers, offered);
    return offered;
  }

  /**
   * The graph rows of queries of this home.
   *
   * @param offered [R, each, k + 1, 2], by all shards
   * @param anchors [b], the queries
   * @param rows [b, k], out
   */
  private void write(IntTensor offered, int each, IntTensor anchors, Mode mode, IntTensor rows) {
    int own = (int) anchors.size();
    if (own == 0) {
      return;
    }
    int count = group.size() * best;
    IntTensor ids = workspace.ints(own, count);
    FloatTensor scores = workspace.floats(own, count);
    for (int place = 0; place < own; place++) {
      for (int j = 0; j < count; j++) {
        long from = 2L * (((long) (j / best) * each + place) * best + j % best);
        scores.set((long) place * count + j, Float.intBitsToFloat(offered.get(from)));
        ids.set((long) place * count + j, offered.get(from + 1));
      }
    }
    stages.graphRows(anchors, ids, scores, mode, rows);
  }

  /** Sends this shard's best of all anchors to their homes; {@link #update} goes on with them. */
  IntTensor exchange(GlobalBatch batch, RankedLists lists) {
    int each = batch.largest();
    IntTensor all = offers(each);
    int q = 0;
    for (int home = 0; home < group.size(); home++) {
      for (int place = 0; place < batch.size(home); place++) {
        offer(all, each, home, place, lists, q++);
      }
    }
    return exchange(all, each);
  }

  /**
   * Writes the rows of a batch's anchors; of a repeated anchor the last one counts; collective.
   *
   * @param offered from {@link #exchange(GlobalBatch, RankedLists)}
   */
  void update(GlobalBatch batch, IntTensor offered, Mode mode) {
    int k = graph.degree();
    int each = batch.largest();
    IntTensor mine = workspace.ints(each, k);
    mine.segment().fill((byte) 0);
    int own = batch.size(group.rank());
    write(offered, each, batch.ownAnchors(), mode, mine.slice(own));
    IntTensor all = workspace.ints((long) group.size() * each, k);
    group.allGather(mine, all);
    int q = 0;
    for (int home = 0; home < group.size(); home++) {
      for (int place = 0; place < batch.size(home); place++) {
        int anchor = batch.anchors().get(q++);
        if (shard.owns(anchor)) {
          int local = shard.local(anchor);
          long from = (long) home * each + place;
          graph.neighbours().slice(local, local + 1L).copyFrom(all.slice(from, from + 1));
        }
      }
    }
  }

  /** Replaces the whole graph by the exact one of all shards' present rows; collective. */
  void rebuild(NeighbourGraph.Progress progress) {
    int each = Math.max(1, ROWS_PER_CALL / group.size());
    int most = shard.of(0).localRows();
    for (int first = 0; first < most; first += each) {
      workspace.reset();
      bank.reset();
      int chunk = Math.min(each, most - first);
      rebuild(first, chunk);
      long done = (long) (first + chunk) * group.size();
      progress.report((int) Math.min(done, shard.rows()), shard.rows());
    }
  }

  /**
   * Of every shard the rows {@code first} to before {@code first + chunk}, as far as it has any.
   */
  private void rebuild(int first, int chunk) {
    int start = Math.min(first, bank.count());
    int own = Math.min(chunk, bank.count() - start);
    FloatTensor mine = workspace.floats(chunk, bank.dimension());
    mine.segment().fill((byte) 0);
    bank.copy(start, start + (long) own, mine.slice(own));
    FloatTensor queries = workspace.floats((long) group.size() * chunk, bank.dimension());
    group.allGather(mine, queries);

    IntTensor ids = workspace.ints(queries.shape(0), Math.min(best, bank.count()));
    FloatTensor scores = workspace.floats(ids.shape());
    bank.nearest(queries, ids, scores);
    RankedLists lists = new RankedLists(shard, ids, scores);
    IntTensor all = offers(chunk);
    for (int q = 0; q < lists.queries(); q++) {
      offer(all, chunk, q / chunk, q % chunk, lists, q);
    }
    IntTensor anchors = workspace.ints(own);
    for (int place = 0; place < own; place++) {
      anchors.set(place, shard.global(start + place));
    }
    IntTensor rows = graph.neighbours().slice(start, start + (long) own);
    write(exchange(all, chunk), chunk, anchors, Mode.PAPER, rows);
  }
}
