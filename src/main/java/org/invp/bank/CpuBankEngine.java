package org.invp.bank;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import org.invp.bindings.bank.InvpBank;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeLibraries;
import org.invp.internal.NativeObjects;
import org.invp.internal.Room;
import org.invp.internal.Status;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;

/** The engine on the CPU: {@code libinvp_bank.so}, each stage one native call. */
final class CpuBankEngine implements BankEngine {
  private final ReentrantLock lock = new ReentrantLock();
  private final int threads;
  private static final String KIND = "bank engine";

  private MemorySegment handle;

  CpuBankEngine(int threads) {
    this.threads = threads;
    NativeLibraries.requireBank();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      Status.check(InvpBank.invp_bank_engine_create(threads, out), Room.BANK);
      handle = out.get(ValueLayout.ADDRESS, 0);
      NativeObjects.opened(KIND);
    }
  }

  @Override
  public Memory memory() {
    return Memory.HOST;
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public String info() {
    return NativeLibraries.buildInfo(Room.BANK);
  }

  @Override
  public void fillRandom(FloatTensor bank, long seed) {
    call(
        engine ->
            InvpBank.invp_bank_fill_random(
                engine, bank.output(), bank.shape(0), StageShapes.dimension(bank), seed));
  }

  @Override
  public void checkFinite(FloatTensor rows) {
    call(
        engine ->
            InvpBank.invp_bank_check_finite(
                engine, rows.segment(), rows.shape(0), StageShapes.dimension(rows)));
  }

  @Override
  public double normalise(FloatTensor embeddings, FloatTensor unit, FloatTensor norms) {
    int batch = StageShapes.normalise(embeddings, unit, norms);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cosine = arena.allocate(ValueLayout.JAVA_DOUBLE);
      call(
          engine ->
              InvpBank.invp_bank_normalise(
                  engine,
                  embeddings.segment(),
                  batch,
                  StageShapes.dimension(embeddings),
                  unit.output(norms.segment()),
                  norms.output(embeddings.segment()),
                  cosine));
      return cosine.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  @Override
  public void nearest(
      FloatTensor bank, FloatTensor queries, Order order, IntTensor ids, FloatTensor scores) {
    StageShapes.Search search = StageShapes.Search.of(bank, queries, ids, scores);
    int nativeOrder =
        order == Order.ID ? InvpBank.INVP_BANK_ORDER_ID() : InvpBank.INVP_BANK_ORDER_SIMILARITY();
    call(
        engine ->
            InvpBank.invp_bank_nearest(
                engine,
                bank.segment(),
                bank.shape(0),
                StageShapes.dimension(bank),
                queries.segment(),
                search.batch(),
                search.count(),
                nativeOrder,
                ids.output(bank.segment(), queries.segment()),
                scores.output(bank.segment(), queries.segment(), ids.segment())));
  }

  @Override
  public void walk(IntTensor graph, IntTensor anchors, int steps, Mode mode, IntTensor positives) {
    int batch = StageShapes.walk(graph, anchors, steps, positives);
    call(
        engine ->
            InvpBank.invp_bank_walk(
                engine,
                graph.segment(),
                graph.shape(0),
                StageShapes.neighbours(graph),
                anchors.segment(),
                batch,
                steps,
                nativeMode(mode),
                positives.output(graph.segment(), anchors.segment())));
  }

  @Override
  public void score(FloatTensor bank, FloatTensor unit, IntTensor ids, FloatTensor scores) {
    StageShapes.Lists lists = StageShapes.Lists.of(bank, unit, ids, scores);
    call(
        engine ->
            InvpBank.invp_bank_score(
                engine,
                bank.segment(),
                bank.shape(0),
                StageShapes.dimension(bank),
                unit.segment(),
                lists.batch(),
                ids.segment(),
                lists.width(),
                scores.output(bank.segment(), unit.segment(), ids.segment())));
  }

  @Override
  public void select(
      IntTensor anchors,
      IntTensor ids,
      FloatTensor scores,
      Selection selection,
      long draw,
      IntTensor chosen,
      FloatTensor chosenScores) {
    StageShapes.Choice choice = StageShapes.Choice.of(anchors, ids, scores, chosen, chosenScores);
    call(
        engine ->
            InvpBank.invp_bank_select(
                engine,
                anchors.segment(),
                ids.segment(),
                scores.segment(),
                choice.batch(),
                choice.width(),
                choice.count(),
                nativeSelection(selection),
                draw,
                chosen.output(anchors.segment(), ids.segment(), scores.segment()),
                chosenScores.output(
                    anchors.segment(), ids.segment(), scores.segment(), chosen.segment())));
  }

  @Override
  public Losses objective(
      FloatTensor bank,
      StepTensors step,
      Mode mode,
      boolean exclusive,
      double temperature,
      double invarianceWeight,
      FloatTensor gradient) {
    int batch = StageShapes.objective(bank, step, gradient);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment losses = arena.allocate(ValueLayout.JAVA_DOUBLE, 2);
      call(
          engine ->
              InvpBank.invp_bank_objective(
                  engine,
                  bank.segment(),
                  bank.shape(0),
                  StageShapes.dimension(bank),
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
                  gradient.output(
                      bank.segment(),
                      step.unit().segment(),
                      step.norms().segment(),
                      step.ownScores().segment())));
      return new Losses(
          losses.getAtIndex(ValueLayout.JAVA_DOUBLE, 0),
          losses.getAtIndex(ValueLayout.JAVA_DOUBLE, 1));
    }
  }

  @Override
  public void updateGraph(
      IntTensor graph, IntTensor anchors, IntTensor nearest, FloatTensor nearestScores, Mode mode) {
    StageShapes.Search search = StageShapes.updateGraph(anchors, nearest, nearestScores);
    call(
        engine ->
            InvpBank.invp_bank_update_graph(
                engine,
                graph.output(anchors.segment(), nearest.segment(), nearestScores.segment()),
                graph.shape(0),
                StageShapes.neighbours(graph),
                anchors.segment(),
                search.batch(),
                nearest.segment(),
                nearestScores.segment(),
                search.count(),
                nativeMode(mode)));
  }

  @Override
  public void updateBank(FloatTensor bank, IntTensor anchors, FloatTensor unit, double momentum) {
    int batch = StageShapes.updateBank(bank, anchors, unit);
    call(
        engine ->
            InvpBank.invp_bank_update(
                engine,
                bank.output(anchors.segment(), unit.segment()),
                bank.shape(0),
                StageShapes.dimension(bank),
                anchors.segment(),
                batch,
                unit.segment(),
                (float) momentum));
  }

  @Override
  public void weightedRows(FloatTensor bank, WeightedRows rows, FloatTensor sums) {
    int batch = rows.batch(bank, sums);
    call(
        engine ->
            InvpBank.invp_bank_weighted_rows(
                engine,
                bank.segment(),
                bank.shape(0),
                StageShapes.dimension(bank),
                rows.ids().segment(),
                rows.weights().segment(),
                batch,
                rows.width(),
                rows.counts().segment(),
                sums.output(
                    bank.segment(),
                    rows.ids().segment(),
                    rows.weights().segment(),
                    rows.counts().segment())));
  }

  @Override
  public BankEngine host() {
    return this;
  }

  @Override
  public ShardStages shard(Shard shard) {
    return new CpuShardStages(this, shard);
  }

  @Override
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
        NativeObjects.closed(KIND);
      }
    } finally {
      lock.unlock();
    }
  }

  /** One native call on the engine. */
  interface Call {
    int on(MemorySegment engine);
  }

  // The lock keeps the handle alive during a call and lets close() wait for it.
  void call(Call call) {
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

  static int nativeSelection(Selection selection) {
    return switch (selection) {
      case HARD -> InvpBank.INVP_BANK_SELECTION_HARD();
      case EASY -> InvpBank.INVP_BANK_SELECTION_EASY();
      case RANDOM -> InvpBank.INVP_BANK_SELECTION_RANDOM();
    };
  }

  static int nativeMode(Mode mode) {
    return mode == Mode.PAPER
        ? InvpBank.INVP_BANK_MODE_PAPER()
        : InvpBank.INVP_BANK_MODE_OFFICIAL();
  }
}
