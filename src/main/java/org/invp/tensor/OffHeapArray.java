package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.internal.HugePages;

/** What tensors of every element type share: memory, its owner, a shape, and views of rows. */
abstract sealed class OffHeapArray implements AutoCloseable permits FloatTensor, IntTensor {
  private static final long ALIGNMENT = 64;

  private final Arena arena;
  private final MemorySegment segment;
  private final long[] shape;

  /**
   * @param arena closed with the array; null for a view
   * @param segment at least as many bytes as the shape needs
   */
  OffHeapArray(Arena arena, MemorySegment segment, long elementBytes, long[] shape) {
    this.arena = arena;
    this.segment = segment.asSlice(0, Math.multiplyExact(elements(shape), elementBytes));
    this.shape = shape.clone();
  }

  /** Zeroed memory for a shape, at least one element so that its address is its own. */
  static MemorySegment zeros(Arena arena, long elementBytes, long... shape) {
    long bytes = Math.multiplyExact(elements(shape), elementBytes);
    return bytes >= HugePages.WORTHWHILE_BYTES
        ? HugePages.allocate(bytes, arena)
        : arena.allocate(Math.max(bytes, elementBytes), ALIGNMENT);
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

  /** The memory itself, for rooms that call native code. */
  public MemorySegment segment() {
    return segment;
  }

  /** Releases the memory if this tensor owns it; idempotent. */
  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** The shape with another extent along dimension 0. */
  final long[] shapeOfRows(long first, long end) {
    if (first < 0 || end < first || end > shape[0]) {
      throw new IllegalArgumentException(
          "rows " + first + " to " + end + " of a tensor of " + shape[0]);
    }
    long[] extents = shape.clone();
    extents[0] = end - first;
    return extents;
  }

  /** The memory from entry {@code first} along dimension 0 on. */
  final MemorySegment from(long first) {
    return shape[0] == 0 ? segment : segment.asSlice(first * (segment.byteSize() / shape[0]));
  }

  final void requireSize(int values) {
    if (values != size()) {
      throw new IllegalArgumentException(values + " values for a tensor of " + size());
    }
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
