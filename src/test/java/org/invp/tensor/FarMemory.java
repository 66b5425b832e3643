package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;

/** A memory that only its own copies reach: what a device's looks like from the host. */
final class FarMemory implements Memory {
  private final TreeMap<Long, MemorySegment> pieces = new TreeMap<>();
  int copies;
  int allocations;

  @Override
  public String name() {
    return "far:0";
  }

  @Override
  public MemorySegment allocate(long bytes, Arena arena) {
    allocations++;
    MemorySegment piece = arena.allocate(bytes, 64);
    pieces.put(piece.address(), piece);
    return part(piece, 0, bytes, arena);
  }

  @Override
  public MemorySegment part(MemorySegment memory, long offset, long bytes, Arena arena) {
    return MemorySegment.ofAddress(memory.address() + offset).reinterpret(arena, null);
  }

  @Override
  public void copyIn(MemorySegment host, MemorySegment target) {
    copies++;
    piece(target, host.byteSize()).copyFrom(host);
  }

  @Override
  public void copyOut(MemorySegment source, MemorySegment host) {
    copies++;
    host.copyFrom(piece(source, host.byteSize()));
  }

  @Override
  public void copyWithin(MemorySegment source, MemorySegment target, long bytes) {
    if (source.address() != target.address()) {
      piece(target, bytes).copyFrom(piece(source, bytes));
    }
  }

  private MemorySegment piece(MemorySegment address, long bytes) {
    Map.Entry<Long, MemorySegment> found = pieces.floorEntry(address.address());
    return found.getValue().asSlice(address.address() - found.getKey(), bytes);
  }
}
