package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.invp.InvalidDataException;
import org.invp.bindings.cuda.InvpCuda;
import org.invp.bindings.cudart.CudaRuntimeApi;
import org.invp.internal.Text;

/**
 * The exact search on a device: a sample of the bank gives each query a threshold, fp16 products
 * give the candidates above it, their canonical scores the M best, certified; queries that cannot
 * be certified are searched again without a threshold. The order of the calls and what each does is
 * in {@code invp/bank_cuda.h}. Call it within {@link CudaContext#run}.
 */
public final class CudaSearch {
  /** Candidate lists of a group of queries take at most so much. */
  private static final long CANDIDATE_BYTES = 1L << 30;

  private static final long REPAIR_BYTES = 256L << 20;
  private static final int MOST_QUERIES = 4096;
  private static final int REPAIRED_TOGETHER = 64;

  /** So many rows of any width begin at multiples of 16 bytes, as kernels want it. */
  private static final int ROWS_ALIGNED = 4;

  /** Scores of a chunk for 256 queries are 16 MiB in fp16: they stay in the device's cache. */
  private static final int CHUNK_ROWS = 32_768;

  private static final int QUERY_VERDICT = 0;
  private static final int MISSED = 1;
  private static final int REPAIR_VERDICT = 0;

  private final CudaContext context;
  private final CudaShadow shadow;
  private final DeviceBuffer queries;
  private final DeviceBuffer bounds;
  private final DeviceBuffer thresholds;
  private final DeviceBuffer counts;
  private final DeviceBuffer scores;
  private final DeviceBuffer candidates;
  private final DeviceBuffer workspace;
  private final DeviceBuffer missed;
  private Sizes sizes;

  /** The tensors of a search; ids and scores are results. */
  public record Request(
      MemorySegment bank,
      long rows,
      int dimension,
      MemorySegment unit,
      int batch,
      int count,
      int order,
      MemorySegment ids,
      MemorySegment scores) {

    private Request part(int first, int queries) {
      return first == 0 && queries == batch
          ? this
          : new Request(
              bank,
              rows,
              dimension,
              at(unit, first, dimension),
              queries,
              count,
              order,
              at(ids, first, count),
              at(scores, first, count));
    }

    private static MemorySegment at(MemorySegment start, long row, long width) {
      return MemorySegment.ofAddress(start.address() + row * width * Float.BYTES);
    }
  }

  /** What follows from the numbers of rows and of results, asked once per shape. */
  private record Sizes(long rows, int count, long sample, long stride, long rank, long capacity) {}

  /** A search engine with its own scratch memory, which belongs to the context. */
  public CudaSearch(CudaContext context) {
    this.context = context;
    shadow = new CudaShadow(context);
    queries = buffer();
    bounds = buffer();
    thresholds = buffer();
    counts = buffer();
    scores = buffer();
    candidates = buffer();
    workspace = buffer();
    missed = buffer();
  }

  private DeviceBuffer buffer() {
    return context.own(new DeviceBuffer(context));
  }

  /** Memory changes other than by {@link #update}. */
  public void changed(MemorySegment memory, long bytes) {
    shadow.changed(memory.address(), bytes);
  }

  /** Finds the nearest rows of every query; done on return. */
  public void run(Request all) {
    shadow.follow(all.bank(), all.rows(), all.dimension());
    if (sizes == null || sizes.rows() != all.rows() || sizes.count() != all.count()) {
      sizes = sizes(all.rows(), all.count());
    }
    long bytesPerQuery = 2 * sizes.capacity() * Long.BYTES;
    long fitting = CANDIDATE_BYTES / bytesPerQuery / ROWS_ALIGNED * ROWS_ALIGNED;
    int group = (int) Math.clamp(fitting, ROWS_ALIGNED, MOST_QUERIES);
    for (int first = 0; first < all.batch(); first += group) {
      int some = Math.min(group, all.batch() - first);
      search(all.part(first, some), first);
    }
  }

  private void search(Request request, int first) {
    SearchWay way = SearchWay.of(request.dimension());
    MemorySegment stream = context.stream().handle();
    int batch = request.batch();
    long lists = batch * sizes.capacity();
    MemorySegment halves = queries.of((long) batch * shadow.pitch() * Short.BYTES);
    MemorySegment bound = bounds.of((long) batch * Float.BYTES);
    MemorySegment threshold = thresholds.of((long) batch * Float.BYTES);
    MemorySegment count =
        counts.of((long) batch * InvpCuda.INVP_CUDA_COUNTER_STRIDE() * Integer.BYTES);
    MemorySegment candidate = candidates.of(lists * Long.BYTES);
    MemorySegment space = workspace.of(lists * Long.BYTES);
    MemorySegment miss = missed.of((1L + batch) * Integer.BYTES);
    int rounded = way == SearchWay.CUBLAS ? 1 : 0;
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_prepare_queries(
                stream,
                request.unit(),
                batch,
                request.dimension(),
                shadow.largestNorm(),
                rounded,
                halves,
                bound,
                context.word(QUERY_VERDICT)));
    MemorySegment sample = sample(request, way, halves);
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_thresholds(
                stream, sample, 0, batch, sizes.sample(), sizes.rank(), bound, threshold, count));
    if (way == SearchWay.OWN) {
      own(request, halves, threshold, count, candidate);
    } else {
      chunks(request, halves, threshold, count, candidate);
    }
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_select(
                stream,
                request.bank(),
                request.rows(),
                request.dimension(),
                request.unit(),
                batch,
                bound,
                threshold,
                count,
                candidate,
                sizes.capacity(),
                request.count(),
                request.order(),
                space,
                request.ids(),
                request.scores(),
                miss));
    repair(request, miss, first);
  }

  /** Float scores [batch, sample] of the sampled rows. */
  private MemorySegment sample(Request request, SearchWay way, MemorySegment halves) {
    if (sizes.sample() == 0) {
      return scores.of(Float.BYTES);
    }
    MemorySegment out = scores.of(request.batch() * sizes.sample() * Float.BYTES);
    long step = sizes.stride() * shadow.pitch();
    if (way == SearchWay.CUBLAS && step <= Integer.MAX_VALUE) {
      context
          .cublas()
          .scores(
              shadow.halves(),
              (int) sizes.sample(),
              (int) step,
              halves,
              request.batch(),
              shadow.pitch(),
              false,
              out);
    } else {
      CudaRuntime.kernel(
          () ->
              InvpCuda.invp_cuda_sample_scores(
                  context.stream().handle(),
                  shadow.halves(),
                  request.rows(),
                  request.dimension(),
                  sizes.sample(),
                  sizes.stride(),
                  halves,
                  request.batch(),
                  out));
    }
    return out;
  }

  private void own(
      Request request,
      MemorySegment halves,
      MemorySegment threshold,
      MemorySegment count,
      MemorySegment candidate) {
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_similar(
                context.stream().handle(),
                shadow.halves(),
                request.rows(),
                request.dimension(),
                0,
                request.rows(),
                halves,
                request.batch(),
                threshold,
                count,
                candidate,
                sizes.capacity()));
  }

  private void chunks(
      Request request,
      MemorySegment halves,
      MemorySegment threshold,
      MemorySegment count,
      MemorySegment candidate) {
    int most = (int) Math.min(CHUNK_ROWS, request.rows());
    MemorySegment chunk = scores.of((long) request.batch() * most * Short.BYTES);
    long rowBytes = (long) shadow.pitch() * Short.BYTES;
    for (long first = 0; first < request.rows(); first += most) {
      int some = (int) Math.min(most, request.rows() - first);
      long start = first;
      MemorySegment part = MemorySegment.ofAddress(shadow.halves().address() + first * rowBytes);
      context
          .cublas()
          .scores(part, some, shadow.pitch(), halves, request.batch(), shadow.pitch(), true, chunk);
      CudaRuntime.kernel(
          () ->
              InvpCuda.invp_cuda_filter(
                  context.stream().handle(),
                  chunk,
                  1,
                  request.batch(),
                  start,
                  some,
                  threshold,
                  count,
                  candidate,
                  sizes.capacity()));
    }
  }

  /** Reads the verdicts, and searches again for what could not be certified. */
  private void repair(Request request, MemorySegment miss, int first) {
    context.stream()
        .copy(context.word(MISSED), miss, Integer.BYTES, CudaRuntimeApi.cudaMemcpyDeviceToDevice());
    CudaContext.Words found = context.await("searching", MISSED + 1);
    Verdict.of(found.integer(QUERY_VERDICT))
        .ifPresent(
            row -> {
              throw new InvalidDataException("query " + (first + row) + " is not finite");
            });
    int total = found.integer(MISSED);
    if (total == 0) {
      return;
    }
    int group = REPAIRED_TOGETHER;
    while (group > 1 && repairBytes(request, group) > REPAIR_BYTES) {
      group /= 2;
    }
    long bytes = repairBytes(request, Math.min(group, total));
    MemorySegment space = workspace.of(bytes);
    for (int done = 0; done < total; done += group) {
      int from = done;
      int some = Math.min(group, total - done);
      CudaRuntime.kernel(
          () ->
              InvpCuda.invp_cuda_repair(
                  context.stream().handle(),
                  request.bank(),
                  request.rows(),
                  request.dimension(),
                  request.unit(),
                  request.batch(),
                  miss,
                  from,
                  some,
                  request.count(),
                  request.order(),
                  space,
                  bytes,
                  request.ids(),
                  request.scores(),
                  context.word(REPAIR_VERDICT)));
      Verdict.of(context.await("searching again", 1).integer(REPAIR_VERDICT))
          .ifPresent(
              row -> {
                throw new InvalidDataException(
                    Text.format(
                        "fewer than %d rows of the bank can be ranked for query %d: the bank holds NaN",
                        request.count(), first + row));
              });
    }
  }

  private static long repairBytes(Request request, int group) {
    return number(
        out -> InvpCuda.invp_cuda_repair_workspace(request.rows(), request.count(), group, out));
  }

  /** Writes a step's rows to the bank and to its shadow. */
  public void update(
      MemorySegment bank,
      long rows,
      int dimension,
      MemorySegment anchors,
      int batch,
      MemorySegment unit,
      float momentum) {
    shadow.follow(bank, rows, dimension);
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_update(
                context.stream().handle(),
                bank,
                rows,
                dimension,
                shadow.halves(),
                shadow.largestNorm(),
                anchors,
                batch,
                unit,
                momentum,
                context.raised(Raised.UPDATE)));
  }

  private static Sizes sizes(long rows, int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG, 3);
      MemorySegment stride = out.asSlice(Long.BYTES);
      MemorySegment rank = out.asSlice(2 * Long.BYTES);
      CudaRuntime.kernel(() -> InvpCuda.invp_cuda_sample(rows, count, out, stride, rank));
      long capacity = number(number -> InvpCuda.invp_cuda_capacity(rows, count, number));
      return new Sizes(
          rows,
          count,
          out.getAtIndex(ValueLayout.JAVA_LONG, 0),
          out.getAtIndex(ValueLayout.JAVA_LONG, 1),
          out.getAtIndex(ValueLayout.JAVA_LONG, 2),
          capacity);
    }
  }

  static int pitch(int dimension) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      CudaRuntime.kernel(() -> InvpCuda.invp_cuda_pitch(dimension, out));
      return out.get(ValueLayout.JAVA_INT, 0);
    }
  }

  static long number(ToIntFunction<MemorySegment> call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
      CudaRuntime.kernel(() -> call.applyAsInt(out));
      return out.get(ValueLayout.JAVA_LONG, 0);
    }
  }
}
