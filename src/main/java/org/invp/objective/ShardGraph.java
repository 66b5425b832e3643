package org.invp.objective;

import java.util.Arrays;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Writes the rows of a graph in shards. Every shard sends its k + 1 best of a query to the query's
 * home, the rank that brought it, and only there they are merged: what a rank receives does not
 * grow with the square of the number of ranks.
 */
final class ShardGraph implements AutoCloseable {
  private static final int ROWS_PER_CALL = 2048;
  private static final int NOBODY = -1;

  private final ProcessGroup group;
  private final Shard shard;
  private final ShardBank bank;
  private final NeighbourGraph graph;
  private final HostInts offers = new HostInts();
  private final HostInts received = new HostInts();
  private final HostInts rows = new HostInts();
  private final HostInts allRows = new HostInts();
  private final long[] keys;

  ShardGraph(ProcessGroup group, Shard shard, ShardBank bank, NeighbourGraph graph) {
    this.group = group;
    this.shard = shard;
    this.bank = bank;
    this.graph = graph;
    this.keys = new long[group.size() * (graph.degree() + 1)];
  }

  private int best() {
    return graph.degree() + 1;
  }

  /** Room for this shard's best of `each` queries of every home. */
  private IntTensor offers(int each) {
    IntTensor all = offers.at(group.size(), each, best(), 2);
    for (long i = 0; i < all.size(); i += 2) {
      all.set(i + 1, NOBODY);
    }
    return all;
  }

  private void offer(IntTensor all, int each, int home, int place, RankedLists lists, int query) {
    long at = 2L * ((long) home * each + place) * best();
    for (int j = 0; j < Math.min(best(), lists.length()); j++) {
      long from = (long) query * lists.length() + j;
      all.set(at + 2 * j, Float.floatToRawIntBits(lists.scores().get(from)));
      all.set(at + 2 * j + 1, shard.global(lists.ids().get(from)));
    }
  }

  /** The keys of a query of this home that all shards offered, the best last. */
  private void merge(IntTensor offered, int each, int place) {
    int count = 0;
    for (int rank = 0; rank < group.size(); rank++) {
      long at = 2L * ((long) rank * each + place) * best();
      for (int j = 0; j < best(); j++) {
        int id = offered.get(at + 2 * j + 1);
        float score = Float.intBitsToFloat(offered.get(at + 2 * j));
        keys[count++] = id == NOBODY ? RankKey.NONE : RankKey.of(score, id);
      }
    }
    Arrays.sort(keys);
  }

  private int ranked(int place) {
    return RankKey.id(keys[keys.length - 1 - place]);
  }

  /**
   * Writes an anchor's graph row from the merged keys. PAPER: the most similar ones without the
   * anchor. OFFICIAL: of the k + 1 most similar the anchor, if among them, is replaced in place by
   * the last.
   */
  private void write(int anchor, Mode mode, IntTensor out, long row) {
    int k = graph.degree();
    int from = 0;
    for (int n = 0; n < k; n++) {
      if (mode == Mode.PAPER) {
        if (ranked(from) == anchor) {
          from++;
        }
        out.set(row * k + n, ranked(from++));
      } else {
        out.set(row * k + n, ranked(n) == anchor ? ranked(k) : ranked(n));
      }
    }
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
    IntTensor offered = received.at(group.size(), each, best(), 2);
    group.allToAll(all, offered);
    return offered;
  }

  /**
   * Writes the rows of a batch's anchors; of a repeated anchor the last one counts; collective.
   *
   * @param offered from {@link #exchange}
   */
  void update(GlobalBatch batch, IntTensor offered, Mode mode) {
    int k = graph.degree();
    int each = batch.largest();
    IntTensor anchors = batch.anchors();
    IntTensor mine = rows.at(each, k);
    for (int place = 0; place < batch.size(group.rank()); place++) {
      merge(offered, each, place);
      write(anchors.get(batch.first(group.rank()) + place), mode, mine, place);
    }
    IntTensor all = allRows.at(group.size(), each, k);
    group.allGather(mine, all);
    int q = 0;
    for (int home = 0; home < group.size(); home++) {
      for (int place = 0; place < batch.size(home); place++) {
        int anchor = anchors.get(q++);
        if (shard.owns(anchor)) {
          for (int n = 0; n < k; n++) {
            graph
                .neighbours()
                .set(
                    (long) shard.local(anchor) * k + n,
                    all.get(((long) home * each + place) * k + n));
          }
        }
      }
    }
  }

  /** Replaces the whole graph by the exact one of all shards' present rows; collective. */
  void rebuild(NeighbourGraph.Progress progress) {
    int each = Math.max(1, ROWS_PER_CALL / group.size());
    int most = shard.of(0).localRows();
    try (HostFloats packed = new HostFloats();
        HostFloats gathered = new HostFloats();
        HostInts ids = new HostInts();
        HostFloats scores = new HostFloats()) {
      for (int first = 0; first < most; first += each) {
        int chunk = Math.min(each, most - first);
        FloatTensor mine = packed.at(chunk, bank.dimension());
        mine.segment().fill((byte) 0);
        int own = Math.max(0, Math.min(chunk, bank.count() - first));
        int start = Math.min(first, bank.count());
        bank.copy(start, start + (long) own, mine.slice(own));
        FloatTensor queries = gathered.at((long) group.size() * chunk, bank.dimension());
        group.allGather(mine, queries);
        IntTensor found = ids.at(queries.shape(0), Math.min(best(), bank.count()));
        FloatTensor similar = scores.at(found.shape());
        bank.nearest(queries, found, similar);
        rebuild(first, own, chunk, new RankedLists(shard, found, similar));
        long done = (long) (first + chunk) * group.size();
        progress.report((int) Math.min(done, shard.rows()), shard.rows());
      }
    }
  }

  private void rebuild(int first, int own, int chunk, RankedLists lists) {
    IntTensor all = offers(chunk);
    for (int q = 0; q < lists.queries(); q++) {
      offer(all, chunk, q / chunk, q % chunk, lists, q);
    }
    IntTensor offered = received.at(group.size(), chunk, best(), 2);
    group.allToAll(all, offered);
    for (int place = 0; place < own; place++) {
      merge(offered, chunk, place);
      write(shard.global(first + place), Mode.PAPER, graph.neighbours(), first + place);
    }
  }

  @Override
  public void close() {
    offers.close();
    received.close();
    rows.close();
    allRows.close();
  }
}
