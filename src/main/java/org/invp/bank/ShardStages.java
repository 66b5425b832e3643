package org.invp.bank;

import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The stages of a step over a bank of which only a shard lies here; what they yield is combined
 * over the processes between them. The contract stands in {@code invp/bank.h} ({@code
 * invp_bank_shard_*}). All tensors lie on the host. Threads and exceptions as for {@link
 * BankEngine}.
 */
public interface ShardStages {
  /** Fills the rows here [n, D] as {@link BankEngine#fillRandom} fills them in the whole bank. */
  void fillRandom(FloatTensor bank, long seed);

  /**
   * Sorts the nearest rows by id, and finds the largest scores of N_M and of the negatives here.
   *
   * @param step all but {@code ownScores}, {@code ownInside} and {@code chosen} are set; {@code
   *     nearest} is changed, {@code maxima} is written; to be combined by the maximum
   */
  void maxima(ShardTensors step, Mode mode, boolean exclusive);

  /**
   * What the rows here add to the sums of exponentials.
   *
   * @param sums [B, 2], out: over N_M and over the negatives; to be combined by the sum
   */
  void sums(ShardTensors step, Mode mode, boolean exclusive, double temperature, double[] sums);

  /**
   * The losses, and the rows here that the gradient is a sum of.
   *
   * @param sums [B, 2], combined
   * @param losses [B, 2], out: L_ins and L_inv of every anchor
   * @param rows [B, m + 1 + P], out: {@link BankEngine#weightedRows} of it is to be combined by the
   *     sum and then {@link #project projected}
   */
  void weights(
      ShardTensors step,
      Mode mode,
      boolean exclusive,
      double temperature,
      double invarianceWeight,
      double[] sums,
      double[] losses,
      WeightedRows rows);

  /**
   * Takes a gradient from the unit embeddings to those before normalisation, and to the mean.
   *
   * @param unit [b, D]
   * @param norms [b]
   * @param total the number of anchors that the mean is over
   * @param gradient [b, D], in and out
   */
  void project(
      FloatTensor unit, FloatTensor norms, double temperature, long total, FloatTensor gradient);

  /** The mean cosine over all pairs of unit [B, D], as {@link BankEngine#normalise} gives it. */
  double meanCosine(FloatTensor unit);

  /**
   * One hop of {@link BankEngine#walk} over graph rows that were brought here.
   *
   * @param anchors [B]
   * @param rows [L, k], in: the graph rows of the images of all layers, one anchor's after the
   *     other's; every id is an image
   * @param layers [B, W], padded with -1: in, the images whose rows these are, at first the anchor
   *     alone; out, those to go on from
   * @param positives [B, W], padded with -1, in and out: what was found so far
   */
  void walkHop(IntTensor anchors, IntTensor rows, Mode mode, IntTensor layers, IntTensor positives);

  /**
   * Graph rows as {@link BankEngine#updateGraph} writes them.
   *
   * @param anchors [B]
   * @param candidates [B, C], in any order, -1 for none; at least k + 1 of each anchor, none twice
   * @param scores [B, C]
   * @param rows [B, k], out
   */
  void graphRows(
      IntTensor anchors, IntTensor candidates, FloatTensor scores, Mode mode, IntTensor rows);
}
