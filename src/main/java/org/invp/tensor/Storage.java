package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.internal.NativeObjects;

/**
 * A piece of a memory, and whether whoever holds it releases it.
 *
 * @param memory where it lies
 * @param arena what the piece lives as long as; null for memory that somebody else owns
 * @param owner whether {@link #close} closes the arena
 * @param segment the piece
 */
record Storage(Memory memory, Arena arena, boolean owner, MemorySegment segment) {
  /** Zeroed memory of its own; at least one byte, so that its address is its own. */
  static Storage allocate(Memory memory, long bytes) {
    Arena arena = NativeObjects.sharedArena();
    try {
      MemorySegment allocated = memory.allocate(Math.max(bytes, 1), arena);
      return new Storage(memory, arena, true, memory.part(allocated, 0, bytes, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Host memory from elsewhere, closed with {@code arena} unless that is null. */
  static Storage onHost(Arena arena, MemorySegment segment, long bytes) {
    return new Storage(Memory.HOST, arena, arena != null, segment.asSlice(0, bytes));
  }

  /** A part that shares the memory and releases nothing. */
  Storage part(long offset, long bytes) {
    return new Storage(memory, arena, false, memory.part(segment, offset, bytes, arena));
  }

  void close() {
    if (owner) {
      synchronized (arena) {
        if (arena.scope().isAlive()) {
          arena.close();
        }
      }
    }
  }
}
