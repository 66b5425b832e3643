package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntSupplier;
import org.invp.CudaException;
import org.invp.CudaOutOfMemoryException;
import org.invp.bindings.cudart.CudaRuntimeApi;
import org.invp.internal.ForeignMemory;
import org.invp.internal.NativeCall;
import org.invp.internal.Room;
import org.invp.internal.Text;

/** Calls of the CUDA runtime, every status checked, and what its errors mean. */
final class CudaRuntime {
  /** cudaErrorIllegalAddress, of which the device's context does not recover, and its like. */
  private static final int FIRST_LOST = 700;

  private static final int LAST_LOST = 720;
  private static final double MEBI = 1 << 20;

  private CudaRuntime() {}

  /**
   * Makes a call of the CUDA runtime.
   *
   * @param what is being done, for the message
   * @throws CudaException if it fails
   */
  static void check(String what, IntSupplier call) {
    int status = NativeCall.status(call);
    if (status != CudaRuntimeApi.cudaSuccess()) {
      throw exception(what, status);
    }
  }

  /** Makes a call of the kernels' library. */
  static void kernel(IntSupplier call) {
    try {
      NativeCall.check(Room.CUDA, call);
    } catch (CudaException e) {
      int status = CudaRuntimeApi.cudaGetLastError();
      throw isLost(status) ? exception("queueing " + e.getMessage(), status) : e;
    }
  }

  /** What to throw for a status of the CUDA runtime. */
  static CudaException exception(String what, int status) {
    String error =
        Text.format(
            "%s (%s)",
            ForeignMemory.text(CudaRuntimeApi.cudaGetErrorString(status)),
            ForeignMemory.text(CudaRuntimeApi.cudaGetErrorName(status)));
    if (status == CudaRuntimeApi.cudaErrorNoKernelImageForDevice()
        || status == CudaRuntimeApi.cudaErrorUnsupportedPtxVersion()) {
      return new CudaException(
          Text.format(
              "the kernels were not built for this CUDA device, while %s: %s", what, error));
    }
    if (isLost(status)) {
      return new CudaException(
          Text.format(
              "the CUDA device was lost while %s: %s; start again, the last checkpoint is kept",
              what, error));
    }
    return new CudaException(Text.format("%s failed: %s", what, error));
  }

  private static boolean isLost(int status) {
    return (status >= FIRST_LOST && status <= LAST_LOST)
        || status == CudaRuntimeApi.cudaErrorECCUncorrectable()
        || status == CudaRuntimeApi.cudaErrorDevicesUnavailable();
  }

  /** Makes a device the calling thread's. */
  static void use(int device) {
    check("choosing CUDA device " + device, () -> CudaRuntimeApi.cudaSetDevice(device));
  }

  /**
   * Device memory of the current device, not zeroed.
   *
   * @throws CudaOutOfMemoryException saying how much was asked for and how much is free
   */
  static long allocate(String device, long bytes) {
    return allocate(device, bytes, "memory", CudaRuntimeApi::cudaMalloc);
  }

  /** Host memory that the device can copy from and to by itself. */
  static long allocatePinned(String device, long bytes) {
    int usual = CudaRuntimeApi.cudaHostAllocDefault();
    return allocate(
        device,
        bytes,
        "pinned host memory",
        (out, size) -> CudaRuntimeApi.cudaHostAlloc(out, size, usual));
  }

  private interface Allocation {
    int call(MemorySegment out, long bytes);
  }

  private static long allocate(String device, long bytes, String kind, Allocation allocation) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      int status = NativeCall.status(() -> allocation.call(out, bytes));
      if (status == CudaRuntimeApi.cudaErrorMemoryAllocation()) {
        // The error of an allocation stays the thread's last one until somebody takes it.
        int taken = CudaRuntimeApi.cudaGetLastError();
        throw new CudaOutOfMemoryException(
            Text.format(
                "out of %s on %s: asked for %.1f MiB, %s (error %d)",
                kind, device, bytes / MEBI, free(), taken));
      }
      if (status != CudaRuntimeApi.cudaSuccess()) {
        throw exception("allocating " + kind, status);
      }
      return out.get(ValueLayout.ADDRESS, 0).address();
    }
  }

  private static String free() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sizes = arena.allocate(ValueLayout.JAVA_LONG, 2);
      int status = CudaRuntimeApi.cudaMemGetInfo(sizes, sizes.asSlice(Long.BYTES));
      return status != CudaRuntimeApi.cudaSuccess()
          ? "how much is free is not known"
          : Text.format(
              "%.1f of %.1f MiB are free",
              sizes.getAtIndex(ValueLayout.JAVA_LONG, 0) / MEBI,
              sizes.getAtIndex(ValueLayout.JAVA_LONG, 1) / MEBI);
    }
  }

  // Releases never throw: what they could report was reported by the call that failed first, and
  // an exception here would hide that one.

  static void free(long address) {
    int ignored = CudaRuntimeApi.cudaFree(MemorySegment.ofAddress(address));
  }

  static void freePinned(long address) {
    int ignored = CudaRuntimeApi.cudaFreeHost(MemorySegment.ofAddress(address));
  }
}
