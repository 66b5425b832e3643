package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A dense row-major array of {@code float} outside the Java heap, with a shape: the currency in
 * which the rooms exchange batches, embeddings and gradients without copies.
 *
 * <p>The tensor owns its memory from {@link #allocate} until {@link #close}; a {@linkplain #slice
 * slice} shares it and must not outlive it. Reads and writes are not synchronised; closing while
 * another thread reads fails in one of the two threads and never reads freed memory.
 */
public final class FloatTensor implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final Arena arena;
  private final MemorySegment segment;
  private final long[] shape;

  private FloatTensor(Arena arena, MemorySegment segment, long... shape) {
    this.arena = arena;
    this.segment = segment;
    this.shape = shape;
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static FloatTensor allocate(long... shape) {
    long bytes = Math.multiplyExact(elements(shape), (long) Float.BYTES);
    Arena arena = Arena.ofShared();
    return new FloatTensor(
        arena,
        arena.allocate(Math.max(bytes, Float.BYTES), ALIGNMENT).asSlice(0, bytes),
        shape.clone());
  }

  /** Allocates a tensor of the given shape and copies {@code values} into it, row-major. */
  public static FloatTensor of(float[] values, long... shape) {
    FloatTensor tensor = allocate(shape);
    tensor.copyFrom(values);
    return tensor;
  }

  /**
   * A view of memory that somebody else owns; closing the view releases nothing.
   *
   * @param segment at least as many bytes as the shape needs
   */
  public static FloatTensor view(MemorySegment segment, long... shape) {
    return new FloatTensor(null, segment.asSlice(0, elements(shape) * Float.BYTES), shape.clone());
  }

  /**
   * A tensor that takes over an arena and closes it; for memory that comes from elsewhere, such as
   * a mapped file.
   *
   * @param segment memory of that arena, at least as many bytes as the shape needs
   */
  public static FloatTensor adopt(Arena arena, MemorySegment segment, long... shape) {
    return new FloatTensor(arena, segment.asSlice(0, elements(shape) * Float.BYTES), shape.clone());
  }

  /** The first {@code rows} entries along dimension 0, sharing this tensor's memory. */
  public FloatTensor slice(long rows) {
    return slice(0, rows);
  }

  /** The entries from {@code first} to before {@code end} along dimension 0, sharing the memory. */
  public FloatTensor slice(long first, long end) {
    if (first < 0 || end < first || end > shape[0]) {
      throw new IllegalArgumentException(
          "rows " + first + " to " + end + " of a tensor of " + shape[0]);
    }
    long[] extents = shape.clone();
    extents[0] = 1;
    long row = elements(extents) * Float.BYTES;
    extents[0] = end - first;
    return view(segment.asSlice(first * row), extents);
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

  /** The element at a row-major position. */
  public float get(long position) {
    return segment.getAtIndex(ValueLayout.JAVA_FLOAT, position);
  }

  /** Sets the element at a row-major position. */
  public void set(long position, float value) {
    segment.setAtIndex(ValueLayout.JAVA_FLOAT, position, value);
  }

  /** Copies exactly {@link #size} values into the tensor. */
  public void copyFrom(float[] values) {
    if (values.length != size()) {
      throw new IllegalArgumentException(values.length + " values for a tensor of " + size());
    }
    MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_FLOAT, 0, values.length);
  }

  /** A copy on the heap, row-major. */
  public float[] toArray() {
    return segment.toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Releases the memory if this tensor owns it; idempotent. */
  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
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
