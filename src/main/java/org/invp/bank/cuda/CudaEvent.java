package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.bindings.cudart.CudaRuntimeApi;

/** A moment on a stream, as the device's clock tells it. */
final class CudaEvent implements AutoCloseable {
  private static final double MILLI = 1e-3;

  private MemorySegment handle;

  CudaEvent() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      CudaRuntime.check("making an event", () -> CudaRuntimeApi.cudaEventCreate(out));
      handle = out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** The moment when the stream has done all that is queued now. */
  void record(CudaStream stream) {
    CudaRuntime.check(
        "recording an event", () -> CudaRuntimeApi.cudaEventRecord(handle, stream.handle()));
  }

  /** Seconds from another event to this one; waits for this one. */
  double secondsSince(CudaEvent start) {
    CudaRuntime.check("waiting for an event", () -> CudaRuntimeApi.cudaEventSynchronize(handle));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT);
      CudaRuntime.check(
          "reading an event", () -> CudaRuntimeApi.cudaEventElapsedTime(out, start.handle, handle));
      return out.get(ValueLayout.JAVA_FLOAT, 0) * MILLI;
    }
  }

  @Override
  public void close() {
    if (handle != null) {
      int ignored = CudaRuntimeApi.cudaEventDestroy(handle);
      handle = null;
    }
  }
}
