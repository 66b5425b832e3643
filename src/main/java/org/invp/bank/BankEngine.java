package org.invp.bank;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.bindings.bank.InvpBank;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.internal.Status;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;

/**
 * The engine that does the bank's work on one device: its threads or its stream, its scratch
 * memory, and the stages of a training step, each one call for the whole batch.
 *
 * <p>All tensors of a call lie in the engine's {@link #memory}. Results are the same bits for any
 * number of threads, on every instruction set and on every device. An engine may be shared and
 * called from any thread; its calls run one after the other. Shapes: N rows, D dimensions, B
 * anchors or queries, M nearest rows, k neighbours, W ids of a walk, P chosen positives. Every
 * method throws {@link IllegalArgumentException} for wrong shapes or ids, {@link
 * org.invp.InvalidDataException} for NaN or zero-norm data, {@link IllegalStateException} after
 * {@link #close} and for tensors that lie elsewhere. On a device what {@link #score}, {@link
 * #weightedRows}, {@link #updateGraph} and {@link #updateBank} find wrong with ids and embeddings
 * is thrown by the next call that waits for the device, at the latest by the one that reads a
 * result; an update that is refused has written nothing.
 */
public sealed interface BankEngine extends AutoCloseable permits CpuBankEngine, CudaBankEngine {
  /**
   * Starts an engine on the CPU.
   *
   * @param threads 1 to 1024; the calling thread works as one of them
   */
  static BankEngine cpu(int threads) {
    return new CpuBankEngine(threads);
  }

  /**
   * Starts an engine on a device.
   *
   * @param threads of the CPU, 1 to 1024: for all work, or for what a device leaves to the host
   * @throws org.invp.CudaException if the device cannot be used: no driver, one that is too old,
   *     ...
   * @throws org.invp.NativeLibraryException if a library cannot be loaded
   */
  static BankEngine on(Device device, int threads) {
    return device.start(threads);
  }

  /** The number of ids that one anchor's walk may yield: k + k^2 + ... + k^steps. */
  static int walkWidth(int neighbours, int steps) {
    NativeLibraries.requireBank();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      Status.check(InvpBank.invp_bank_walk_width(neighbours, steps, out), Room.BANK);
      return out.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** Where the tensors of its calls lie. */
  Memory memory();

  /** A tensor of zeros in the engine's memory; the caller's to close, before the engine. */
  default FloatTensor allocateFloats(long... shape) {
    return FloatTensor.allocate(memory(), shape);
  }

  /** A tensor of zeros in the engine's memory; the caller's to close, before the engine. */
  default IntTensor allocateInts(long... shape) {
    return IntTensor.allocate(memory(), shape);
  }

  /** The number of threads that work. */
  int threads();

  /** What computes: the library's version and the instruction set in use, or the device. */
  String info();

  /** Fills {@code bank} [N, D] uniformly in +-1/sqrt(D/3), from the seed and the place alone. */
  void fillRandom(FloatTensor bank, long seed);

  /**
   * Throws {@link org.invp.InvalidDataException} naming the first row of [N, D] that is not finite.
   */
  void checkFinite(FloatTensor rows);

  /**
   * unit = embeddings / |embeddings|.
   *
   * @param embeddings [B, D]
   * @param unit [B, D], out; may be {@code embeddings}
   * @param norms [B], out
   * @return the mean cosine over all pairs of the batch: 1 when it has collapsed to one direction
   */
  double normalise(FloatTensor embeddings, FloatTensor unit, FloatTensor norms);

  /** The order in which {@link #nearest} lists a query's rows. */
  enum Order {
    /** Most similar first; ties to the smaller id. */
    SIMILARITY,
    /** Ascending ids. */
    ID
  }

  /**
   * The M most similar rows of each query, exactly.
   *
   * @param bank [N, D]
   * @param queries [B, D]
   * @param ids [B, M], out; 1 &lt;= M &lt;= N
   * @param scores [B, M], out: inner products
   */
  void nearest(
      FloatTensor bank, FloatTensor queries, Order order, IntTensor ids, FloatTensor scores);

  /**
   * The images that a walk of {@code steps} hops reaches from each anchor (section 3.1 of the
   * paper).
   *
   * @param graph [N, k]
   * @param anchors [B]
   * @param positives [B, W], out, W = {@link #walkWidth}; {@link Mode#PAPER}: each image once,
   *     without the anchor, ascending, padded with -1; {@link Mode#OFFICIAL}: hop by hop, with
   *     repeats
   */
  void walk(IntTensor graph, IntTensor anchors, int steps, Mode mode, IntTensor positives);

  /**
   * The scores of each query with the rows it names.
   *
   * @param bank [N, D]
   * @param unit [B, D]
   * @param ids [B, W], -1 for none
   * @param scores [B, W], out; 0 for none
   */
  void score(FloatTensor bank, FloatTensor unit, IntTensor ids, FloatTensor scores);

  /**
   * P of the discovered positives, all if fewer: the least or the most similar, ties to the smaller
   * id, or any.
   *
   * @param anchors [B]
   * @param ids [B, W], -1 for none
   * @param scores [B, W]
   * @param selection which of them
   * @param draw what {@link Selection#RANDOM} draws from, with the anchor's id and the place in the
   *     row: 64 bits that differ from step to step
   * @param chosen [B, P], out, padded with -1
   * @param chosenScores [B, P], out
   */
  void select(
      IntTensor anchors,
      IntTensor ids,
      FloatTensor scores,
      Selection selection,
      long draw,
      IntTensor chosen,
      FloatTensor chosenScores);

  /** The two losses of a step, means over the batch. */
  record Losses(double instance, double invariance) {}

  /**
   * Losses and gradient of Invariance Propagation; the formulas stand in {@code invp/bank.h}.
   *
   * @param bank [N, D], as before the step
   * @param step the results of the stages above
   * @param mode the definitions to follow
   * @param exclusive whether the anchor is left out of the negatives of L_inv
   * @param temperature tau, greater than 0
   * @param invarianceWeight lambda w(epoch), at least 0
   * @param gradient [B, D], out: with respect to the embeddings before normalisation
   */
  Losses objective(
      FloatTensor bank,
      StepTensors step,
      Mode mode,
      boolean exclusive,
      double temperature,
      double invarianceWeight,
      FloatTensor gradient);

  /**
   * Writes the anchors' graph rows from their nearest rows; of a repeated anchor the last one
   * counts.
   *
   * @param graph [N, k], in and out
   * @param anchors [B]
   * @param nearest [B, M], ascending ids, M &gt; k
   * @param nearestScores [B, M]
   */
  void updateGraph(
      IntTensor graph, IntTensor anchors, IntTensor nearest, FloatTensor nearestScores, Mode mode);

  /**
   * bank[i] = normalise(momentum bank[i] + (1 - momentum) unit); of a repeated anchor the last one
   * counts.
   *
   * @param bank [N, D], in and out
   * @param anchors [B]
   * @param unit [B, D], of norm 1
   * @param momentum in [0, 1]
   */
  void updateBank(FloatTensor bank, IntTensor anchors, FloatTensor unit, double momentum);

  /**
   * The weighted sum of the rows that each anchor names.
   *
   * @param bank [N, D]
   * @param rows ids, weights and how many of them count
   * @param sums [B, D], out
   */
  void weightedRows(FloatTensor bank, WeightedRows rows, FloatTensor sums);

  /**
   * An engine on the host for what a step computes there: this one, or one that a device's engine
   * owns and closes.
   */
  BankEngine host();

  /** The stages over a bank of which only a shard lies here; they work on the host's memory. */
  ShardStages shard(Shard shard);

  /**
   * The limit that a search is measured against: 10^9 float operations per second of all threads
   * together when they do nothing but fused multiply-adds (two operations each) on registers; on a
   * GPU what cuBLAS does on large fp16 matrices.
   *
   * @param seconds how long to measure, above 0 and at most 60
   */
  double peakGflops(double seconds);

  /** Ends the engine after any running call; idempotent. */
  @Override
  void close();
}
