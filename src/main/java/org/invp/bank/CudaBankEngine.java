package org.invp.bank;

import java.lang.foreign.MemorySegment;
import org.invp.bank.cuda.CudaDevice;
import org.invp.bank.cuda.CudaSearch;
import org.invp.bank.cuda.CudaStages;
import org.invp.bindings.cuda.InvpCuda;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;

/**
 * The engine on a CUDA device: {@code libinvp_bank_cuda.so} on one stream, or the emulated device.
 * Each stage is queued there; those that give a number wait for it. What the others find wrong with
 * their ids is thrown by the next call that waits, at the latest by the one that reads a result.
 */
final class CudaBankEngine implements BankEngine {
  private final CudaStages stages;
  private final int hostThreads;
  private BankEngine host;

  CudaBankEngine(CudaDevice device, int hostThreads) {
    this.stages = new CudaStages(device);
    this.hostThreads = hostThreads;
  }

  @Override
  public Memory memory() {
    return stages.memory();
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public String info() {
    return Text.format(
        "%s, %s, %s", stages.device(), CudaDevice.versions(), NativeLibraries.buildInfo(Room.CUDA));
  }

  private MemorySegment address(FloatTensor tensor) {
    return tensor.segment(stages.memory());
  }

  private MemorySegment address(IntTensor tensor) {
    return tensor.segment(stages.memory());
  }

  /** The address of a tensor that a kernel writes: a shadow of it is out of date then. */
  private MemorySegment output(FloatTensor tensor) {
    MemorySegment address = address(tensor);
    stages.search().changed(address, tensor.size() * Float.BYTES);
    return address;
  }

  private static int rows(FloatTensor bank) {
    return Shapes.extent("rows", bank.shape(0));
  }

  @Override
  public void fillRandom(FloatTensor bank, long seed) {
    int dimension = StageShapes.dimension(bank);
    int rows = rows(bank);
    stages.run(
        () -> {
          MemorySegment out = output(bank);
          stages.kernel(
              () -> InvpCuda.invp_cuda_fill_random(stages.stream(), out, rows, dimension, seed));
        });
  }

  @Override
  public void checkFinite(FloatTensor rows) {
    int dimension = StageShapes.dimension(rows);
    stages.run(() -> stages.checkFinite(address(rows), rows(rows), dimension));
  }

  @Override
  public double normalise(FloatTensor embeddings, FloatTensor unit, FloatTensor norms) {
    int batch = StageShapes.normalise(embeddings, unit, norms);
    int dimension = StageShapes.dimension(embeddings);
    double[] cosine = new double[1];
    stages.run(
        () ->
            cosine[0] =
                stages.normalise(
                    address(embeddings), batch, dimension, output(unit), output(norms)));
    return cosine[0];
  }

  @Override
  public void nearest(
      FloatTensor bank, FloatTensor queries, Order order, IntTensor ids, FloatTensor scores) {
    StageShapes.Search search = StageShapes.Search.of(bank, queries, ids, scores);
    int rows = rows(bank);
    if (search.count() > rows) {
      throw new IllegalArgumentException(
          Text.format(
              "count of nearest rows is %d, allowed: 1 to the number of rows, %d",
              search.count(), rows));
    }
    int nativeOrder =
        order == Order.ID ? InvpCuda.INVP_CUDA_ORDER_ID() : InvpCuda.INVP_CUDA_ORDER_SIMILARITY();
    stages.run(
        () ->
            stages
                .search()
                .run(
                    new CudaSearch.Request(
                        address(bank),
                        rows,
                        StageShapes.dimension(bank),
                        address(queries),
                        search.batch(),
                        search.count(),
                        nativeOrder,
                        address(ids),
                        output(scores))));
  }

  @Override
  public void walk(IntTensor graph, IntTensor anchors, int steps, Mode mode, IntTensor positives) {
    int batch = StageShapes.walk(graph, anchors, steps, positives);
    stages.run(
        () ->
            stages.walk(
                address(graph),
                graph.shape(0),
                StageShapes.neighbours(graph),
                address(anchors),
                batch,
                steps,
                nativeMode(mode),
                address(positives)));
  }

  @Override
  public void score(FloatTensor bank, FloatTensor unit, IntTensor ids, FloatTensor scores) {
    StageShapes.Lists lists = StageShapes.Lists.of(bank, unit, ids, scores);
    stages.run(
        () -> {
          MemorySegment out = output(scores);
          stages.kernel(
              () ->
                  InvpCuda.invp_cuda_score(
                      stages.stream(),
                      address(bank),
                      bank.shape(0),
                      StageShapes.dimension(bank),
                      address(unit),
                      lists.batch(),
                      address(ids),
                      lists.width(),
                      out,
                      stages.scoreVerdict()));
        });
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
    stages.run(
        () -> {
          MemorySegment out = output(chosenScores);
          stages.kernel(
              () ->
                  InvpCuda.invp_cuda_choose(
                      stages.stream(),
                      address(anchors),
                      address(ids),
                      address(scores),
                      choice.batch(),
                      choice.width(),
                      choice.count(),
                      CpuBankEngine.nativeSelection(selection),
                      draw,
                      address(chosen),
                      out));
        });
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
    int nearest = (int) step.nearest().shape(1);
    int chosen = (int) step.chosen().shape(1);
    double[][] losses = new double[1][];
    stages.run(
        () -> {
          MemorySegment out = output(gradient);
          losses[0] =
              stages.objective(
                  batch,
                  nearest,
                  chosen,
                  (workspace, bytes, result, verdict) ->
                      InvpCuda.invp_cuda_objective(
                          stages.stream(),
                          address(bank),
                          bank.shape(0),
                          StageShapes.dimension(bank),
                          address(step.anchors()),
                          batch,
                          address(step.unit()),
                          address(step.norms()),
                          address(step.ownScores()),
                          address(step.nearest()),
                          address(step.nearestScores()),
                          nearest,
                          address(step.positives()),
                          (int) step.positives().shape(1),
                          address(step.chosen()),
                          address(step.chosenScores()),
                          chosen,
                          nativeMode(mode),
                          exclusive ? 1 : 0,
                          (float) temperature,
                          (float) invarianceWeight,
                          workspace,
                          bytes,
                          result,
                          out,
                          verdict));
        });
    return new Losses(losses[0][0], losses[0][1]);
  }

  @Override
  public void updateGraph(
      IntTensor graph, IntTensor anchors, IntTensor nearest, FloatTensor nearestScores, Mode mode) {
    StageShapes.Search search = StageShapes.updateGraph(anchors, nearest, nearestScores);
    stages.run(
        () ->
            stages.kernel(
                () ->
                    InvpCuda.invp_cuda_update_graph(
                        stages.stream(),
                        address(graph),
                        graph.shape(0),
                        StageShapes.neighbours(graph),
                        address(anchors),
                        search.batch(),
                        address(nearest),
                        address(nearestScores),
                        search.count(),
                        nativeMode(mode),
                        stages.graphVerdict())));
  }

  @Override
  public void updateBank(FloatTensor bank, IntTensor anchors, FloatTensor unit, double momentum) {
    int batch = StageShapes.updateBank(bank, anchors, unit);
    stages.run(
        () ->
            stages
                .search()
                .update(
                    address(bank),
                    rows(bank),
                    StageShapes.dimension(bank),
                    address(anchors),
                    batch,
                    address(unit),
                    (float) momentum));
  }

  @Override
  public void weightedRows(FloatTensor bank, WeightedRows rows, FloatTensor sums) {
    int batch = rows.batch(bank, sums);
    stages.run(
        () -> {
          MemorySegment out = output(sums);
          stages.kernel(
              () ->
                  InvpCuda.invp_cuda_weighted_rows(
                      stages.stream(),
                      address(bank),
                      bank.shape(0),
                      StageShapes.dimension(bank),
                      address(rows.ids()),
                      address(rows.weights()),
                      batch,
                      rows.width(),
                      address(rows.counts()),
                      out,
                      stages.sumsVerdict()));
        });
  }

  @Override
  public synchronized BankEngine host() {
    if (host == null) {
      host = new CpuBankEngine(hostThreads);
    }
    return host;
  }

  @Override
  public ShardStages shard(Shard shard) {
    return host().shard(shard);
  }

  @Override
  public double peakGflops(double seconds) {
    double[] found = new double[1];
    stages.run(() -> found[0] = stages.peakGflops(seconds));
    return found[0];
  }

  @Override
  public synchronized void close() {
    if (host != null) {
      host.close();
    }
    stages.close();
  }

  private static int nativeMode(Mode mode) {
    return mode == Mode.PAPER
        ? InvpCuda.INVP_CUDA_MODE_PAPER()
        : InvpCuda.INVP_CUDA_MODE_OFFICIAL();
  }
}
