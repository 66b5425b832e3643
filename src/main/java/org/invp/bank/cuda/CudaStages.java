package org.invp.bank.cuda;

import java.lang.foreign.MemorySegment;
import java.util.function.IntSupplier;
import org.invp.InvalidDataException;
import org.invp.bindings.cuda.InvpCuda;

/**
 * The stages of a step that need scratch memory or give a verdict, on a context's stream. Call them
 * within {@link #run}; addresses are the device's.
 */
public final class CudaStages implements AutoCloseable {
  private static final int PEAK_START = 256;
  private static final int PEAK_LIMIT = 8192;

  private final CudaContext context;
  private final CudaSearch search;
  private final DeviceBuffer walkSpace;
  private final DeviceBuffer objectiveSpace;

  /** A context and its search, on a device. */
  public CudaStages(CudaDevice device) {
    context = new CudaContext(device);
    try {
      search = new CudaSearch(context);
      walkSpace = context.own(new DeviceBuffer(context));
      objectiveSpace = context.own(new DeviceBuffer(context));
    } catch (RuntimeException | Error e) {
      context.close();
      throw e;
    }
  }

  /** The device's memory. */
  public CudaMemory memory() {
    return context.memory();
  }

  /** The device, for messages. */
  public CudaDevice device() {
    return context.device();
  }

  /** The search. */
  public CudaSearch search() {
    return search;
  }

  /** The stream, for kernels. */
  public MemorySegment stream() {
    return context.stream().handle();
  }

  /** Runs {@code work} alone on the device; its native calls return a status. */
  public void run(Runnable work) {
    context.run(work);
  }

  /** One kernel, which needs nothing but the stream. */
  public void kernel(IntSupplier call) {
    CudaRuntime.kernel(call);
  }

  /** Throws, naming the row, if one of [rows, dimension] is not finite. */
  public void checkFinite(MemorySegment rows, long count, int dimension) {
    CudaRuntime.kernel(
        () -> InvpCuda.invp_cuda_check_finite(stream(), rows, count, dimension, context.word(0)));
    refuse(context.await("checking rows", 1).integer(0), "row %d is not finite");
  }

  /** Normalises, and returns the mean cosine. */
  public double normalise(
      MemorySegment embeddings, int batch, int dimension, MemorySegment unit, MemorySegment norms) {
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_normalise(
                stream(),
                embeddings,
                batch,
                dimension,
                unit,
                norms,
                context.word(0),
                context.word(1)));
    CudaContext.Words found = context.await("normalising", 2);
    refuse(found.integer(1), "embedding %d is not finite");
    refuse(found.secondInteger(1), "embedding %d has norm 0");
    return found.number(0);
  }

  /** The word of a verdict that a kernel raises; the next wait throws what it says. */
  public MemorySegment scoreVerdict() {
    return context.raised(Raised.SCORE);
  }

  /** As {@link #scoreVerdict}, of rows to be summed. */
  public MemorySegment sumsVerdict() {
    return context.raised(Raised.SUMS);
  }

  /** As {@link #scoreVerdict}, of graph rows to be written. */
  public MemorySegment graphVerdict() {
    return context.raised(Raised.GRAPH);
  }

  /** Walks. */
  public void walk(
      MemorySegment graph,
      long rows,
      int neighbours,
      MemorySegment anchors,
      int batch,
      int steps,
      int mode,
      MemorySegment positives) {
    long bytes =
        CudaSearch.number(out -> InvpCuda.invp_cuda_walk_workspace(batch, neighbours, steps, out));
    MemorySegment space = walkSpace.of(Math.max(bytes, Long.BYTES));
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_walk(
                stream(),
                graph,
                rows,
                neighbours,
                anchors,
                batch,
                steps,
                mode,
                space,
                bytes,
                positives,
                context.word(0)));
    CudaContext.Words found = context.await("walking the graph", 1);
    Raised.refuse(found.secondInteger(0), "anchor %d of the batch is no row of the graph");
    refuse(found.integer(0), "graph row %d names an image that there is not");
  }

  /** The objective's call, given its scratch memory and where losses and verdict go. */
  public interface Objective {
    /** The native call. */
    int call(MemorySegment workspace, long bytes, MemorySegment losses, MemorySegment verdict);
  }

  /** Computes losses and gradient; the losses come back. */
  public double[] objective(int batch, int nearest, int chosen, Objective objective) {
    long bytes =
        CudaSearch.number(
            out -> InvpCuda.invp_cuda_objective_workspace(batch, nearest, chosen, out));
    MemorySegment space = objectiveSpace.of(Math.max(bytes, Long.BYTES));
    CudaRuntime.kernel(() -> objective.call(space, bytes, context.word(0), context.word(1)));
    CudaContext.Words found = context.await("computing the losses", 2);
    Raised.refuse(
        found.integer(1),
        "the anchor in place %d of the batch, a nearest or a chosen id is no row of the bank, its"
            + " nearest do not ascend, or its chosen go on behind a -1");
    return new double[] {found.number(0), found.secondNumber(0)};
  }

  /**
   * 10^9 operations per second that cuBLAS does on square fp16 matrices, by the device's clock;
   * they grow until a product takes a tenth of {@code seconds}.
   */
  public double peakGflops(double seconds) {
    double best = 0;
    try (DeviceBuffer left = new DeviceBuffer(context);
        DeviceBuffer right = new DeviceBuffer(context);
        DeviceBuffer product = new DeviceBuffer(context);
        CudaEvent start = new CudaEvent();
        CudaEvent end = new CudaEvent()) {
      double took = 0;
      for (int side = PEAK_START; side <= PEAK_LIMIT && took < seconds / 10; side *= 2) {
        long halves = (long) side * side * Short.BYTES;
        context.stream().zero(left.of(halves), halves);
        context.stream().zero(right.of(halves), halves);
        MemorySegment out = product.of(2 * halves);
        int size = side;
        Runnable multiply =
            () ->
                context
                    .cublas()
                    .scores(left.of(0), size, size, right.of(0), size, size, false, out);
        multiply.run();
        start.record(context.stream());
        multiply.run();
        end.record(context.stream());
        took = Math.max(end.secondsSince(start), 1e-9);
        best = Math.max(best, 2e-9 * side * side * side / took);
      }
      context.await("measuring");
    }
    return best;
  }

  private static void refuse(int word, String message) {
    Verdict.of(word)
        .ifPresent(
            row -> {
              throw new InvalidDataException(message.replace("%d", Integer.toString(row)));
            });
  }

  @Override
  public void close() {
    context.close();
  }
}
