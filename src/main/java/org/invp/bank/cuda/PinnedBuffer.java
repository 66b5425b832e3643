package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.internal.ForeignMemory;
import org.invp.internal.NativeObjects;

/** Host memory that the device copies from and to by itself, while the host goes on. */
final class PinnedBuffer implements AutoCloseable {
  private final Arena arena = NativeObjects.sharedArena();
  private final MemorySegment memory;

  PinnedBuffer(String device, long bytes) {
    try {
      long address = CudaRuntime.allocatePinned(device, bytes);
      memory = ForeignMemory.host(address, bytes, arena, () -> CudaRuntime.freePinned(address));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
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
