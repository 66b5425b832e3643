package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.internal.ForeignMemory;

/** Host memory that the device copies from and to by itself, while the host goes on. */
final class PinnedBuffer implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  PinnedBuffer(String device, long bytes) {
    long address = CudaRuntime.allocatePinned(device, bytes);
    memory = ForeignMemory.host(address, bytes, arena, () -> CudaRuntime.freePinned(address));
  }

  MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
