package org.invp.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that some library allocated, bound to the life of an arena. */
public final class ForeignMemory {
  private ForeignMemory() {}

  /**
   * A device's address: a segment of size 0, so that nothing in Java can follow it.
   *
   * @param release runs once, when the arena is closed
   */
  public static MemorySegment device(long address, Arena arena, Runnable release) {
    return MemorySegment.ofAddress(address).reinterpret(arena, closed -> release.run());
  }

  /** An address within memory of {@link #device}, of the same arena. */
  public static MemorySegment device(long address, Arena arena) {
    return MemorySegment.ofAddress(address).reinterpret(arena, null);
  }

  /**
   * Host memory that Java may read and write.
   *
   * @param release runs once, when the arena is closed
   */
  public static MemorySegment host(long address, long bytes, Arena arena, Runnable release) {
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, closed -> release.run());
  }

  /** A text that a library keeps for the whole process; empty for NULL. */
  public static String text(MemorySegment address) {
    return address.address() == 0 ? "" : address.reinterpret(Long.MAX_VALUE).getString(0);
  }
}
