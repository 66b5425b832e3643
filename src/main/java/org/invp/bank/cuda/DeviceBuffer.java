package org.invp.bank.cuda;

import java.lang.foreign.MemorySegment;

/** Scratch memory on a device that grows to the largest size asked for; contents do not survive. */
final class DeviceBuffer implements AutoCloseable {
  private final CudaContext context;
  private long address;
  private long bytes;

  DeviceBuffer(CudaContext context) {
    this.context = context;
  }

  /** At least so many bytes; the same memory while they suffice. */
  MemorySegment of(long needed) {
    if (needed > bytes) {
      close();
      address = CudaRuntime.allocate(context.device().name(), needed);
      bytes = needed;
    }
    return MemorySegment.ofAddress(address);
  }

  @Override
  public void close() {
    if (bytes > 0) {
      long old = address;
      bytes = 0;
      address = 0;
      CudaRuntime.free(old);
    }
  }
}
