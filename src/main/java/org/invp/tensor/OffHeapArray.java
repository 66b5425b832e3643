package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;

/** What tensors of every element type share: memory, its owner, a shape, and views of rows. */
abstract sealed class OffHeapArray implements AutoCloseable permits FloatTensor, IntTensor {
  private final Memory memory;
  private final Arena arena;
  private final boolean owner;
  private final MemorySegment segment;
  private final long elementBytes;
  private final long[] shape;

  /** An array of its own, zeroed. At least one element, so that its address is its own. */
  OffHeapArray(Memory memory, long elementBytes, long... shape) {
    long bytes = Math.multiplyExact(elements(shape), elementBytes);
    this.memory = memory;
    this.arena = NativeObjects.sharedArena();
    this.owner = true;
    this.elementBytes = elementBytes;
    this.shape = shape.clone();
    MemorySegment allocated;
    try {
      allocated = memory.allocate(Math.max(bytes, elementBytes), arena);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    this.segment = memory.part(allocated, 0, bytes, arena);
  }

  /**
   * Host memory from elsewhere.
   *
   * @param arena closed with the array; null for a view
   * @param segment at least as many bytes as the shape needs
   */
  OffHeapArray(Arena arena, MemorySegment segment, long elementBytes, long... shape) {
    this.memory = Memory.HOST;
    this.arena = arena;
    this.owner = arena != null;
    this.segment = segment.asSlice(0, Math.multiplyExact(elements(shape), elementBytes));
    this.elementBytes = elementBytes;
    this.shape = shape.clone();
  }

  /** A view of the rows {@code first} to before {@code end} of another array. */
  OffHeapArray(OffHeapArray whole, long first, long end) {
    if (first < 0 || end < first || end > whole.shape[0]) {
      throw new IllegalArgumentException(
          "rows " + first + " to " + end + " of a tensor of " + whole.shape[0]);
    }
    memory = whole.memory;
    arena = whole.arena;
    owner = false;
    elementBytes = whole.elementBytes;
    long rowBytes = whole.shape[0] == 0 ? 0 : whole.bytes() / whole.shape[0];
    segment = memory.part(whole.segment, first * rowBytes, (end - first) * rowBytes, arena);
    shape = whole.shape.clone();
    shape[0] = end - first;
  }

  /** The extents; a copy. */
  public long[] shape() {
    return shape.clone();
  }

  /** The extent of one dimension. */
  public long shape(int dimension) {
    return shape[dimension];
  }

  /** The number of elements. */
  public long size() {
    return elements(shape);
  }

  /** Where the elements lie. */
  public Memory memory() {
    return memory;
  }

  /**
   * The host memory itself, for rooms that call native code.
   *
   * @throws IllegalStateException if the tensor lies on a device
   */
  public MemorySegment segment() {
    if (memory != Memory.HOST) {
      throw new IllegalStateException(
          Text.format(
              "this tensor lies on %s and cannot be read or written from the host; copy it (onHost)",
              memory.name()));
    }
    return segment;
  }

  /**
   * The host memory itself, for native code to write to.
   *
   * @param inputs what the code reads meanwhile, and must not be changed by what it writes
   * @throws IllegalStateException if the tensor lies on a device
   * @throws IllegalArgumentException if the memory is mapped read-only, where a write would end the
   *     process, or shares elements with an input
   */
  public MemorySegment output(MemorySegment... inputs) {
    MemorySegment written = segment();
    if (written.isReadOnly()) {
      throw new IllegalArgumentException(
          "a result cannot be written to this tensor: its memory is mapped read-only");
    }
    for (MemorySegment input : inputs) {
      if (written.asOverlappingSlice(input).isPresent()) {
        throw new IllegalArgumentException(
            "a result cannot be written to memory that it is computed from");
      }
    }
    return written;
  }

  /**
   * The address of the elements, for kernels of the memory's own device.
   *
   * @throws IllegalStateException if the tensor lies elsewhere
   */
  public MemorySegment segment(Memory place) {
    if (memory != place) {
      throw new IllegalStateException(
          Text.format(
              "this tensor lies on %s, needed is one on %s; copy it (copyFrom)",
              memory.name(), place.name()));
    }
    return segment;
  }

  /**
   * Releases the memory if this tensor owns it; idempotent, from any thread.
   *
   * @throws IllegalStateException while a native call uses the memory; it can be closed after that
   */
  @Override
  public void close() {
    if (owner) {
      synchronized (arena) {
        if (arena.scope().isAlive()) {
          arena.close();
        }
      }
    }
  }

  /** Copies the elements of an array of the same shape, wherever the two lie. */
  final void copyElements(OffHeapArray source) {
    if (!Arrays.equals(shape, source.shape)) {
      throw new IllegalArgumentException(
          Text.format(
              "a tensor of shape %s cannot take one of %s",
              Arrays.toString(shape), Arrays.toString(source.shape)));
    }
    if (size() == 0) {
      return;
    }
    if (source.memory == memory) {
      memory.copyWithin(source.segment, segment, bytes());
    } else if (source.memory == Memory.HOST) {
      memory.copyIn(source.segment, segment);
    } else if (memory == Memory.HOST) {
      source.memory.copyOut(source.segment, segment);
    } else {
      throw new IllegalStateException(
          Text.format(
              "no copy from %s to %s; go through the host", source.memory.name(), memory.name()));
    }
  }

  /** Copies from a segment of the heap, of this array's size. */
  final void copyElements(MemorySegment heap, int values) {
    if (values != size()) {
      throw new IllegalArgumentException(values + " values for a tensor of " + size());
    }
    if (values > 0) {
      memory.copyIn(heap, segment);
    }
  }

  /** Copies to a segment of the heap, of this array's size. */
  final void readElements(MemorySegment heap) {
    if (heap.byteSize() > 0) {
      memory.copyOut(segment, heap);
    }
  }

  /** The number of elements, for an array of the heap. */
  final int heapSize() {
    return Math.toIntExact(size());
  }

  private long bytes() {
    return size() * elementBytes;
  }

  private static long elements(long... shape) {
    long product = 1;
    for (long extent : shape) {
      if (extent < 0) {
        throw new IllegalArgumentException("negative extent " + extent);
      }
      product = Math.multiplyExact(product, extent);
    }
    return product;
  }
}
