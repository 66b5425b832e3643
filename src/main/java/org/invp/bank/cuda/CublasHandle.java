package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntSupplier;
import org.invp.CudaException;
import org.invp.CudaOutOfMemoryException;
import org.invp.bindings.cublas.Cublas;
import org.invp.internal.ForeignMemory;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;

/** cuBLAS on a context's stream, with a workspace of ours, so that a step allocates nothing. */
final class CublasHandle implements AutoCloseable {
  /** What NVIDIA recommends for Hopper. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  private final Arena arena = NativeObjects.sharedArena();
  private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
  private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
  private final DeviceBuffer workspace;
  private MemorySegment handle;

  CublasHandle(CudaContext context) {
    workspace = new DeviceBuffer(context);
    try {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      check("starting cuBLAS", () -> Cublas.cublasCreate_v2(out));
      handle = out.get(ValueLayout.ADDRESS, 0);
      MemorySegment stream = context.stream().handle();
      check("giving cuBLAS its stream", () -> Cublas.cublasSetStream_v2(handle, stream));
      MemorySegment memory = workspace.of(WORKSPACE_BYTES);
      check(
          "giving cuBLAS its workspace",
          () -> Cublas.cublasSetWorkspace_v2(handle, memory, WORKSPACE_BYTES));
      int exact =
          Cublas.CUBLAS_DEFAULT_MATH() | Cublas.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION();
      check("setting cuBLAS's math mode", () -> Cublas.cublasSetMathMode(handle, exact));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * scores [batch, rows] = queries times the rows of a shadow, sums in fp32.
   *
   * @param shadow fp16, the first of the rows
   * @param step halves from one of the rows to the next
   * @param queries fp16 [batch, pitch]
   * @param rounded whether the scores are stored in fp16
   */
  void scores(
      MemorySegment shadow,
      int rows,
      int step,
      MemorySegment queries,
      int batch,
      int pitch,
      boolean rounded,
      MemorySegment scores) {
    int half = Cublas.CUDA_R_16F();
    check(
        "multiplying with cuBLAS",
        () ->
            Cublas.cublasGemmEx(
                handle,
                Cublas.CUBLAS_OP_T(),
                Cublas.CUBLAS_OP_N(),
                rows,
                batch,
                pitch,
                one,
                shadow,
                half,
                step,
                queries,
                half,
                pitch,
                zero,
                scores,
                rounded ? half : Cublas.CUDA_R_32F(),
                rows,
                Cublas.CUBLAS_COMPUTE_32F(),
                Cublas.CUBLAS_GEMM_DEFAULT()));
  }

  private static void check(String what, IntSupplier call) {
    int status = NativeCall.status(call);
    if (status == Cublas.CUBLAS_STATUS_ALLOC_FAILED()) {
      throw new CudaOutOfMemoryException("out of memory on the device while " + what);
    }
    if (status != Cublas.CUBLAS_STATUS_SUCCESS()) {
      throw new CudaException(
          Text.format(
              "%s failed: %s (cuBLAS status %d)",
              what, ForeignMemory.text(Cublas.cublasGetStatusString(status)), status));
    }
  }

  @Override
  public void close() {
    if (handle != null) {
      int ignored = Cublas.cublasDestroy_v2(handle);
      handle = null;
    }
    workspace.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
