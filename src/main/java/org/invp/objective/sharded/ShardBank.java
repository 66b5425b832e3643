package org.invp.objective.sharded;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.WeightedRows;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * A shard's rows of the bank, wherever they lie, for a step that is computed on the host between
 * exchanges over the network: all tensors lie there, and are copied to the bank's device and back
 * where it has one. What touches the rows is done there. Borrows the bank.
 */
final class ShardBank implements AutoCloseable {
  private final MemoryBank bank;
  private final BankEngine engine;
  private final Workspace there;

  ShardBank(MemoryBank bank) {
    this.bank = bank;
    this.engine = bank.engine();
    this.there = new Workspace(engine.memory());
  }

  /** Takes back what the calls since the last time needed on the device. */
  void reset() {
    there.reset();
  }

  int count() {
    return bank.rows();
  }

  int dimension() {
    return bank.dimension();
  }

  /** Copies rows, {@code first} to before {@code end}, out. */
  void copy(long first, long end, FloatTensor target) {
    target.copyFrom(bank.embeddings().slice(first, end));
  }

  /** As {@link BankEngine#nearest}, most similar first. */
  void nearest(FloatTensor queries, IntTensor ids, FloatTensor scores) {
    IntTensor foundIds = there.at(ids);
    FloatTensor foundScores = there.at(scores);
    engine.nearest(
        bank.embeddings(), there.in(queries), BankEngine.Order.SIMILARITY, foundIds, foundScores);
    ids.copyFrom(foundIds);
    scores.copyFrom(foundScores);
  }

  /** As {@link BankEngine#score}. */
  void score(FloatTensor units, IntTensor ids, FloatTensor scores) {
    FloatTensor computed = there.at(scores);
    engine.score(bank.embeddings(), there.in(units), there.in(ids), computed);
    scores.copyFrom(computed);
  }

  /** As {@link BankEngine#weightedRows}. */
  void weighted(WeightedRows rows, FloatTensor sums) {
    FloatTensor computed = there.at(sums);
    engine.weightedRows(
        bank.embeddings(),
        new WeightedRows(there.in(rows.ids()), there.in(rows.weights()), there.in(rows.counts())),
        computed);
    sums.copyFrom(computed);
  }

  /** As {@link MemoryBank#update}. */
  void update(IntTensor ids, FloatTensor units, double momentum) {
    bank.update(there.in(ids), there.in(units), momentum);
  }

  @Override
  public void close() {
    there.close();
  }
}
