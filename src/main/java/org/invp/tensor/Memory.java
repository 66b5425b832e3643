package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where tensors lie: the host's memory, which Java reads and writes, or a device's, which only that
 * device's kernels do. Everything that crosses from one to the other is an explicit copy.
 *
 * <p>A device's memory is handed around as segments of size 0: an address that lives as long as its
 * arena, which no accessor of Java can follow. A memory belongs to one engine; two memories are the
 * same only if they are the same object. May be used from any thread.
 */
public interface Memory {
  /** The memory of this process. */
  Memory HOST = new HostMemory();

  /** How a library that did not allocate this memory may work on it. */
  sealed interface Access {
    /** As on the process's own memory, after {@link Memory#await}. */
    record Host() implements Access {}

    /**
     * By work of a CUDA device, queued where the memory's owner queues its own.
     *
     * @param device CUDA's number of the device
     * @param stream the queue, a {@code cudaStream_t}; lives as long as the owner
     */
    record Cuda(int device, long stream) implements Access {}
  }

  /** {@code host}, or the device's name, for messages. */
  String name();

  /** How others may work on this memory. */
  default Access access() {
    return new Access.Host();
  }

  /** Waits until all that the memory's owner has queued is done. */
  default void await() {}

  /**
   * Zeroed memory that lives until the arena is closed.
   *
   * @throws org.invp.NativeMemoryException if there is not so much
   */
  MemorySegment allocate(long bytes, Arena arena);

  /**
   * A part of what {@link #allocate} gave.
   *
   * @param arena the one of the allocation
   */
  MemorySegment part(MemorySegment memory, long offset, long bytes, Arena arena);

  /** Copies as many bytes as {@code host} has, a segment of host memory, to the address. */
  void copyIn(MemorySegment host, MemorySegment target);

  /** Copies as many bytes as {@code host} has from the address to it; done on return. */
  void copyOut(MemorySegment source, MemorySegment host);

  /** Copies within this memory; the two may be the same place, but not overlap otherwise. */
  void copyWithin(MemorySegment source, MemorySegment target, long bytes);
}
