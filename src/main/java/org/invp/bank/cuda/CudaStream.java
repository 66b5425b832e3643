package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.bindings.cudart.CudaRuntimeApi;

/** A queue of work on the current device. */
final class CudaStream implements AutoCloseable {
  private MemorySegment handle;

  CudaStream() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int flags = CudaRuntimeApi.cudaStreamNonBlocking();
      CudaRuntime.check(
          "making a stream", () -> CudaRuntimeApi.cudaStreamCreateWithFlags(out, flags));
      handle = out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** For calls that queue work. */
  MemorySegment handle() {
    return handle;
  }

  /** Waits until all that was queued is done; reports what went wrong meanwhile. */
  void await(String what) {
    CudaRuntime.check(what, () -> CudaRuntimeApi.cudaStreamSynchronize(handle));
  }

  /** Queues a copy; of pinned or device memory only, which must stay as it is until it is done. */
  void copy(MemorySegment target, MemorySegment source, long bytes, int kind) {
    CudaRuntime.check(
        "copying", () -> CudaRuntimeApi.cudaMemcpyAsync(target, source, bytes, kind, handle));
  }

  /** Queues zeros. */
  void zero(MemorySegment target, long bytes) {
    CudaRuntime.check(
        "zeroing memory", () -> CudaRuntimeApi.cudaMemsetAsync(target, 0, bytes, handle));
  }

  @Override
  public void close() {
    if (handle != null) {
      int ignored = CudaRuntimeApi.cudaStreamDestroy(handle);
      handle = null;
    }
  }
}
