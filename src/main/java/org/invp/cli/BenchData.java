package org.invp.cli;

import java.util.SplittableRandom;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Random inputs of a measurement, the same in every process. */
final class BenchData {
  private static final long SEED = 1;
  private static final int ROWS_AT_A_TIME = 65_536;

  private final SplittableRandom random = new SplittableRandom(SEED);

  /** A bank of random rows of norm 1. */
  static MemoryBank bank(int rows, int dimension, BankEngine engine) {
    MemoryBank bank = MemoryBank.create(rows, dimension, engine);
    bank.fillRandom(SEED);
    try (FloatTensor norms = engine.allocateFloats(Math.min(rows, ROWS_AT_A_TIME))) {
      for (int first = 0; first < rows; first += ROWS_AT_A_TIME) {
        int end = Math.min(rows, first + ROWS_AT_A_TIME);
        FloatTensor part = bank.embeddings().slice(first, end);
        engine.normalise(part, part, norms.slice(end - first));
      }
      return bank;
    } catch (RuntimeException e) {
      bank.close();
      throw e;
    }
  }

  /** Fills a tensor with normally distributed values. */
  void fillNormal(FloatTensor embeddings) {
    for (long i = 0; i < embeddings.size(); i++) {
      embeddings.set(i, (float) random.nextGaussian());
    }
  }

  /** Fills a tensor with row ids. */
  void fillIds(IntTensor ids, int rows) {
    for (long i = 0; i < ids.size(); i++) {
      ids.set(i, random.nextInt(rows));
    }
  }

  /** Fills a tensor with row ids, no two the same; there must be as many rows. */
  void fillDistinctIds(IntTensor ids, int rows) {
    int[] drawn = random.ints(0, rows).distinct().limit(ids.size()).toArray();
    for (int i = 0; i < drawn.length; i++) {
      ids.set(i, drawn[i]);
    }
  }
}
