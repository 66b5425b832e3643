package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.internal.HugePages;

/** The memory of this process; large pieces in huge pages. */
final class HostMemory implements Memory {
  private static final long ALIGNMENT = 64;

  @Override
  public String name() {
    return "host";
  }

  @Override
  public MemorySegment allocate(long bytes, Arena arena) {
    return bytes >= HugePages.WORTHWHILE_BYTES
        ? HugePages.allocate(bytes, arena)
        : arena.allocate(bytes, ALIGNMENT);
  }

  @Override
  public MemorySegment part(MemorySegment memory, long offset, long bytes, Arena arena) {
    return memory.asSlice(offset, bytes);
  }

  @Override
  public void copyIn(MemorySegment host, MemorySegment target) {
    copyWithin(host, target, host.byteSize());
  }

  @Override
  public void copyOut(MemorySegment source, MemorySegment host) {
    copyWithin(source, host, host.byteSize());
  }

  @Override
  public void copyWithin(MemorySegment source, MemorySegment target, long bytes) {
    if (source.isNative() && source.address() == target.address()) {
      return;
    }
    MemorySegment.copy(source, 0, target, 0, bytes);
  }
}
