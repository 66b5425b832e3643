package org.invp.bank;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.bindings.bank.InvpBank;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** The stages over a shard on the CPU, each one call of {@code libinvp_bank.so}. */
final class CpuShardStages implements ShardStages {
  private final CpuBankEngine engine;
  private final Shard shard;

  CpuShardStages(CpuBankEngine engine, Shard shard) {
    this.engine = engine;
    this.shard = shard;
  }

  @Override
  public void fillRandom(FloatTensor bank, long seed) {
    Shapes.require("bank", bank.shape(), shard.localRows(), bank.shape(1));
    engine.call(
        handle ->
            InvpBank.invp_bank_fill_random_part(
                handle,
                bank.output(),
                bank.shape(0),
                StageShapes.dimension(bank),
                seed,
                shard.rank(),
                shard.size()));
  }

  @Override
  public void maxima(ShardTensors step, Mode mode, boolean exclusive) {
    int batch = step.batch();
    engine.call(
        handle ->
            InvpBank.invp_bank_shard_maxima(
                handle,
                shard.rank(),
                shard.size(),
                step.anchors().segment(),
                batch,
                step.positives().segment(),
                step.walkWidth(),
                step.nearest().output(),
                step.nearestScores().output(),
                step.nearestCount(),
                step.counts().segment(),
                CpuBankEngine.nativeMode(mode),
                exclusive ? 1 : 0,
                step.maxima().output()));
  }

  @Override
  public void sums(
      ShardTensors step, Mode mode, boolean exclusive, double temperature, double[] sums) {
    int batch = step.batch();
    requireLength("sums", sums, 2 * batch);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_DOUBLE, sums.length);
      engine.call(
          handle ->
              InvpBank.invp_bank_shard_sums(
                  handle,
                  shard.rank(),
                  shard.size(),
                  step.anchors().segment(),
                  batch,
                  step.ownScores().segment(),
                  step.positives().segment(),
                  step.walkWidth(),
                  step.nearest().segment(),
                  step.nearestScores().segment(),
                  step.nearestCount(),
                  step.counts().segment(),
                  step.chosen().segment(),
                  step.chosenScores().segment(),
                  step.chosenCount(),
                  step.maxima().segment(),
                  CpuBankEngine.nativeMode(mode),
                  exclusive ? 1 : 0,
                  (float) temperature,
                  out));
      MemorySegment.copy(out, ValueLayout.JAVA_DOUBLE, 0, sums, 0, sums.length);
    }
  }

  @Override
  public void weights(
      ShardTensors step,
      Mode mode,
      boolean exclusive,
      double temperature,
      double invarianceWeight,
      double[] sums,
      double[] losses,
      WeightedRows rows) {
    int batch = step.batch();
    requireLength("sums", sums, 2 * batch);
    requireLength("losses", losses, 2 * batch);
    int width = step.nearestCount() + 1 + step.chosenCount();
    Shapes.require("ids", rows.ids().shape(), batch, width);
    Shapes.require("weights", rows.weights().shape(), batch, width);
    Shapes.require("counts", rows.counts().shape(), batch);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, sums);
      MemorySegment out = arena.allocate(ValueLayout.JAVA_DOUBLE, losses.length);
      engine.call(
          handle ->
              InvpBank.invp_bank_shard_weights(
                  handle,
                  shard.rank(),
                  shard.size(),
                  step.anchors().segment(),
                  batch,
                  step.ownScores().segment(),
                  step.ownInside().segment(),
                  step.positives().segment(),
                  step.walkWidth(),
                  step.nearest().segment(),
                  step.nearestScores().segment(),
                  step.nearestCount(),
                  step.counts().segment(),
                  step.chosen().segment(),
                  step.chosenScores().segment(),
                  step.chosenCount(),
                  step.maxima().segment(),
                  in,
                  CpuBankEngine.nativeMode(mode),
                  exclusive ? 1 : 0,
                  (float) temperature,
                  (float) invarianceWeight,
                  out,
                  rows.ids().output(),
                  rows.weights().output(),
                  rows.counts().output()));
      MemorySegment.copy(out, ValueLayout.JAVA_DOUBLE, 0, losses, 0, losses.length);
    }
  }

  @Override
  public void project(
      FloatTensor unit, FloatTensor norms, double temperature, long total, FloatTensor gradient) {
    int batch = StageShapes.normalise(gradient, unit, norms);
    engine.call(
        handle ->
            InvpBank.invp_bank_project(
                handle,
                unit.segment(),
                norms.segment(),
                batch,
                StageShapes.dimension(unit),
                (float) temperature,
                total,
                gradient.output(unit.segment(), norms.segment())));
  }

  @Override
  public double meanCosine(FloatTensor unit) {
    int batch = Shapes.extent("batch", unit.shape(0));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cosine = arena.allocate(ValueLayout.JAVA_DOUBLE);
      engine.call(
          handle ->
              InvpBank.invp_bank_mean_cosine(
                  handle, unit.segment(), batch, StageShapes.dimension(unit), cosine));
      return cosine.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  @Override
  public void walkHop(
      IntTensor anchors, IntTensor rows, Mode mode, IntTensor layers, IntTensor positives) {
    int batch = Shapes.extent("batch", anchors.size());
    Shapes.require("layers", layers.shape(), batch, layers.shape(1));
    Shapes.require("positives", positives.shape(), layers.shape());
    engine.call(
        handle ->
            InvpBank.invp_bank_walk_hop(
                handle,
                anchors.segment(),
                batch,
                rows.segment(),
                rows.shape(0),
                StageShapes.neighbours(rows),
                CpuBankEngine.nativeMode(mode),
                Shapes.extent("width", layers.shape(1)),
                layers.output(anchors.segment(), rows.segment()),
                positives.output(anchors.segment(), rows.segment(), layers.segment())));
  }

  @Override
  public void graphRows(
      IntTensor anchors, IntTensor candidates, FloatTensor scores, Mode mode, IntTensor rows) {
    int batch = Shapes.extent("batch", anchors.size());
    Shapes.require("candidates", candidates.shape(), batch, candidates.shape(1));
    Shapes.require("scores", scores.shape(), candidates.shape());
    Shapes.require("rows", rows.shape(), batch, rows.shape(1));
    engine.call(
        handle ->
            InvpBank.invp_bank_graph_rows(
                handle,
                anchors.segment(),
                batch,
                candidates.segment(),
                scores.segment(),
                Shapes.extent("count", candidates.shape(1)),
                StageShapes.neighbours(rows),
                CpuBankEngine.nativeMode(mode),
                rows.output(anchors.segment(), candidates.segment(), scores.segment())));
  }

  private static void requireLength(String name, double[] values, int length) {
    if (values.length != length) {
      throw new IllegalArgumentException(
          Text.format("%s has %d values, needs %d", name, values.length, length));
    }
  }
}
