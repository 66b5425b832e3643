package org.invp.bank;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import org.invp.bindings.bank.InvpBank;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.internal.Status;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The engine that does the bank's work: its threads, its scratch memory, and the stages of a
 * training step, each one native call for the whole batch.
 *
 * <p>Results are the same bits for any number of threads and on every instruction set. An engine
 * may be shared and called from any thread; its calls run one after the other. Shapes: N rows, D
 * dimensions, B anchors or queries, M nearest rows, k neighbours, W ids of a walk, P chosen
 * positives. Every method throws {@link IllegalArgumentException} for wrong shapes or ids, {@link
 * org.invp.InvalidDataException} for NaN or zero-norm data, {@link IllegalStateException} after
 * {@link #close}.
 */
public final class BankEngine implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();
  private final int threads;
  private MemorySegment handle;

  private BankEngine(int threads) {
    this.threads = threads;
    NativeLibraries.requireBank();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      Status.check(InvpBank.invp_bank_engine_create(threads, out), Room.BANK);
      handle = out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /**
   * Starts an engine on the CPU.
   *
   * @param threads 1 to 1024; the calling thread works as one of them
   */
  public static BankEngine cpu(int threads) {
    return new BankEngine(threads);
  }

  /** The number of threads. */
  public int threads() {
    return threads;
  }

  /** The library's version and the instruction set in use. */
  public String info() {
    return NativeLibraries.buildInfo(Room.BANK);
  }

  /** The number of ids that one anchor's walk may yield: k + k^2 + ... + k^steps. */
  public static int walkWidth(int neighbours, int steps) {
    NativeLibraries.requireBank();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      Status.check(InvpBank.invp_bank_walk_width(neighbours, steps, out), Room.BANK);
      return out.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** Fills {@code bank} [N, D] uniformly in +-1/sqrt(D/3), from the seed and the place alone. */
  public void fillRandom(FloatTensor bank, long seed) {
    requireWritable(bank);
    call(
        engine ->
            InvpBank.invp_bank_fill_random(
                engine, bank.segment(), bank.shape(0), columns(bank), seed));
  }

  /**
   * Throws {@link org.invp.InvalidDataException} naming the first row of [N, D] that is not finite.
   */
  public void checkFinite(FloatTensor rows) {
    call(
        engine ->
            InvpBank.invp_bank_check_finite(engine, rows.segment(), rows.shape(0), columns(rows)));
  }

  /**
   * unit = embeddings / |embeddings|.
   *
   * @param embeddings [B, D]
   * @param unit [B, D], out; may be {@code embeddings}
   * @param norms [B], out
   * @return the mean cosine over all pairs of the batch: 1 when it has collapsed to one direction
   */
  public double normalise(FloatTensor embeddings, FloatTensor unit, FloatTensor norms) {
    int batch = Shapes.extent("batch", embeddings.shape(0));
    Shapes.require("unit", unit.shape(), embeddings.shape());
    Shapes.require("norms", norms.shape(), batch);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cosine = arena.allocate(ValueLayout.JAVA_DOUBLE);
      call(
          engine ->
              InvpBank.invp_bank_normalise(
                  engine,
                  embeddings.segment(),
                  batch,
                  columns(embeddings),
                  unit.segment(),
                  norms.segment(),
                  cosine));
      return cosine.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  /** The order in which {@link #nearest} lists a query's rows. */
  public enum Order {
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
  public void nearest(
      FloatTensor bank, FloatTensor queries, Order order, IntTensor ids, FloatTensor scores) {
    int batch = Shapes.extent("batch", queries.shape(0));
    int count = Shapes.extent("count", ids.shape(1));
    Shapes.require("queries", queries.shape(), batch, bank.shape(1));
    Shapes.require("ids", ids.shape(), batch, count);
    Shapes.require("scores", scores.shape(), batch, count);
    int nativeOrder =
        order == Order.ID ? InvpBank.INVP_BANK_ORDER_ID() : InvpBank.INVP_BANK_ORDER_SIMILARITY();
    call(
        engine ->
            InvpBank.invp_bank_nearest(
                engine,
                bank.segment(),
                bank.shape(0),
                columns(bank),
                queries.segment(),
                batch,
                count,
                nativeOrder,
                ids.segment(),
                scores.segment()));
  }

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
  public void walk(IntTensor graph, IntTensor anchors, int steps, Mode mode, IntTensor positives) {
    int batch = Shapes.extent("batch", anchors.shape(0));
    int neighbours = Shapes.extent("neighbours", graph.shape(1));
    Shapes.require("positives", positives.shape(), batch, walkWidth(neighbours, steps));
    call(
        engine ->
            InvpBank.invp_bank_walk(
                engine,
                graph.segment(),
                graph.shape(0),
                neighbours,
                anchors.segment(),
                batch,
                steps,
                nativeMode(mode),
                positives.segment()));
  }

  /**
   * The scores of each query with the rows it names.
   *
   * @param bank [N, D]
   * @param unit [B, D]
   * @param ids [B, W], -1 for none
   * @param scores [B, W], out; 0 for none
   */
  public void score(FloatTensor bank, FloatTensor unit, IntTensor ids, FloatTensor scores) {
    int batch = Shapes.extent("batch", ids.shape(0));
    int width = Shapes.extent("width", ids.size() / batch);
    Shapes.require("unit", unit.shape(), batch, bank.shape(1));
    Shapes.require("scores", scores.shape(), ids.shape());
    call(
        engine ->
            InvpBank.invp_bank_score(
                engine,
                bank.segment(),
                bank.shape(0),
                columns(bank),
                unit.segment(),
                batch,
                ids.segment(),
                width,
                scores.segment()));
  }

  /**
   * The P least similar (hard) or most similar of the discovered positives, all if fewer; ties to
   * the smaller id.
   *
   * @param ids [B, W], -1 for none
   * @param scores [B, W]
   * @param chosen [B, P], out, padded with -1
   * @param chosenScores [B, P], out
   */
  public void select(
      IntTensor ids, FloatTensor scores, boolean hard, IntTensor chosen, FloatTensor chosenScores) {
    int batch = Shapes.extent("batch", ids.shape(0));
    int count = Shapes.extent("count", chosen.shape(1));
    Shapes.require("scores", scores.shape(), ids.shape());
    Shapes.require("chosen", chosen.shape(), batch, count);
    Shapes.require("chosen scores", chosenScores.shape(), batch, count);
    call(
        engine ->
            InvpBank.invp_bank_select(
                engine,
                ids.segment(),
                scores.segment(),
                batch,
                Shapes.extent("width", ids.shape(1)),
                count,
                hard ? 1 : 0,
                chosen.segment(),
                chosenScores.segment()));
  }

  /** The two losses of a step, means over the batch. */
  public record Losses(double instance, double invariance) {}

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
  public Losses objective(
      FloatTensor bank,
      StepTensors step,
      Mode mode,
      boolean exclusive,
      double temperature,
      double invarianceWeight,
      FloatTensor gradient) {
    int batch = Shapes.extent("batch", step.anchors().shape(0));
    Shapes.require("unit", step.unit().shape(), batch, bank.shape(1));
    Shapes.require("gradient", gradient.shape(), batch, bank.shape(1));
    step.requireBatch(batch);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment losses = arena.allocate(ValueLayout.JAVA_DOUBLE, 2);
      call(
          engine ->
              InvpBank.invp_bank_objective(
                  engine,
                  bank.segment(),
                  bank.shape(0),
                  columns(bank),
                  step.anchors().segment(),
                  batch,
                  step.unit().segment(),
                  step.norms().segment(),
                  step.ownScores().segment(),
                  step.nearest().segment(),
                  step.nearestScores().segment(),
                  (int) step.nearest().shape(1),
                  step.positives().segment(),
                  (int) step.positives().shape(1),
                  step.chosen().segment(),
                  step.chosenScores().segment(),
                  (int) step.chosen().shape(1),
                  nativeMode(mode),
                  exclusive ? 1 : 0,
                  (float) temperature,
                  (float) invarianceWeight,
                  losses,
                  losses.asSlice(Double.BYTES),
                  gradient.segment()));
      return new Losses(
          losses.getAtIndex(ValueLayout.JAVA_DOUBLE, 0),
          losses.getAtIndex(ValueLayout.JAVA_DOUBLE, 1));
    }
  }

  /**
   * Writes the anchors' graph rows from their nearest rows; of a repeated anchor the last one
   * counts.
   *
   * @param graph [N, k], in and out
   * @param anchors [B]
   * @param nearest [B, M], ascending ids, M &gt; k
   * @param nearestScores [B, M]
   */
  public void updateGraph(
      IntTensor graph, IntTensor anchors, IntTensor nearest, FloatTensor nearestScores, Mode mode) {
    int batch = Shapes.extent("batch", anchors.shape(0));
    Shapes.require("nearest scores", nearestScores.shape(), nearest.shape());
    Shapes.require("nearest", nearest.shape(), batch, nearest.shape(1));
    call(
        engine ->
            InvpBank.invp_bank_update_graph(
                engine,
                graph.segment(),
                graph.shape(0),
                Shapes.extent("neighbours", graph.shape(1)),
                anchors.segment(),
                batch,
                nearest.segment(),
                nearestScores.segment(),
                Shapes.extent("count", nearest.shape(1)),
                nativeMode(mode)));
  }

  /**
   * bank[i] = normalise(momentum bank[i] + (1 - momentum) unit); of a repeated anchor the last one
   * counts.
   *
   * @param bank [N, D], in and out
   * @param anchors [B]
   * @param unit [B, D], of norm 1
   * @param momentum in [0, 1]
   */
  public void updateBank(FloatTensor bank, IntTensor anchors, FloatTensor unit, double momentum) {
    int batch = Shapes.extent("batch", anchors.shape(0));
    Shapes.require("unit", unit.shape(), batch, bank.shape(1));
    requireWritable(bank);
    call(
        engine ->
            InvpBank.invp_bank_update(
                engine,
                bank.segment(),
                bank.shape(0),
                columns(bank),
                anchors.segment(),
                batch,
                unit.segment(),
                (float) momentum));
  }

  /**
   * The limit that a search is measured against: 10^9 float operations per second of all threads
   * together when they do nothing but fused multiply-adds (two operations each) on registers.
   *
   * @param seconds how long to measure, above 0 and at most 60
   */
  public double peakGflops(double seconds) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_DOUBLE);
      call(engine -> InvpBank.invp_bank_peak_gflops(engine, seconds, out));
      return out.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  /** Ends the threads after any running call; idempotent. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (handle != null) {
        MemorySegment ending = handle;
        handle = null;
        Status.check(InvpBank.invp_bank_engine_destroy(ending), Room.BANK);
      }
    } finally {
      lock.unlock();
    }
  }

  /** One native call on the engine. */
  private interface Call {
    int on(MemorySegment engine);
  }

  // The lock keeps the handle alive during a call and lets close() wait for it.
  private void call(Call call) {
    lock.lock();
    try {
      if (handle == null) {
        throw new IllegalStateException("the bank engine is closed");
      }
      NativeCall.check(Room.BANK, () -> call.on(handle));
    } finally {
      lock.unlock();
    }
  }

  // Native code would not be stopped from writing to a read-only mapping; the processor would.
  private static void requireWritable(FloatTensor bank) {
    if (bank.segment().isReadOnly()) {
      throw new IllegalArgumentException("the bank is mapped read-only");
    }
  }

  private static int columns(FloatTensor rows) {
    return Shapes.extent("dimension", rows.shape(1));
  }

  private static int nativeMode(Mode mode) {
    return mode == Mode.PAPER
        ? InvpBank.INVP_BANK_MODE_PAPER()
        : InvpBank.INVP_BANK_MODE_OFFICIAL();
  }
}
