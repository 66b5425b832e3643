package org.invp.objective;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.WeightedRows;
import org.invp.tensor.FloatStaging;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntStaging;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;

/**
 * A shard's rows of the bank, wherever they lie, for a step that is computed on the host between
 * exchanges over the network: all tensors lie there, and are copied to the bank's device and back
 * where it has one. What touches the rows is done there. Borrows the bank.
 */
final class ShardBank implements AutoCloseable {
  private final MemoryBank bank;
  private final BankEngine engine;
  private final FloatStaging vectors;
  private final IntStaging foundIds;
  private final FloatStaging foundScores;
  private final IntStaging scoredIds;
  private final FloatStaging scores;
  private final IntStaging weightedIds;
  private final FloatStaging weights;
  private final IntStaging weightedCounts;
  private final FloatStaging sums;
  private final IntStaging updatedIds;

  ShardBank(MemoryBank bank) {
    this.bank = bank;
    this.engine = bank.engine();
    // One for each use: a buffer lasts while the shapes that pass it fit.
    Memory memory = engine.memory();
    this.vectors = new FloatStaging(memory);
    this.foundIds = new IntStaging(memory);
    this.foundScores = new FloatStaging(memory);
    this.scoredIds = new IntStaging(memory);
    this.scores = new FloatStaging(memory);
    this.weightedIds = new IntStaging(memory);
    this.weights = new FloatStaging(memory);
    this.weightedCounts = new IntStaging(memory);
    this.sums = new FloatStaging(memory);
    this.updatedIds = new IntStaging(memory);
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
  void nearest(FloatTensor queries, IntTensor ids, FloatTensor similar) {
    IntTensor idsThere = foundIds.at(ids);
    FloatTensor there = foundScores.at(similar);
    engine.nearest(
        bank.embeddings(), vectors.in(queries), BankEngine.Order.SIMILARITY, idsThere, there);
    ids.copyFrom(idsThere);
    similar.copyFrom(there);
  }

  /** As {@link BankEngine#score}. */
  void score(FloatTensor units, IntTensor ids, FloatTensor known) {
    FloatTensor there = scores.at(known);
    engine.score(bank.embeddings(), vectors.in(units), scoredIds.in(ids), there);
    known.copyFrom(there);
  }

  /** As {@link BankEngine#weightedRows}. */
  void weighted(WeightedRows rows, FloatTensor sum) {
    FloatTensor there = sums.at(sum);
    engine.weightedRows(
        bank.embeddings(),
        new WeightedRows(
            weightedIds.in(rows.ids()),
            weights.in(rows.weights()),
            weightedCounts.in(rows.counts())),
        there);
    sum.copyFrom(there);
  }

  /** As {@link MemoryBank#update}. */
  void update(IntTensor ids, FloatTensor units, double momentum) {
    bank.update(updatedIds.in(ids), vectors.in(units), momentum);
  }

  @Override
  public void close() {
    vectors.close();
    foundIds.close();
    foundScores.close();
    scoredIds.close();
    scores.close();
    weightedIds.close();
    weights.close();
    weightedCounts.close();
    sums.close();
    updatedIds.close();
  }
}
