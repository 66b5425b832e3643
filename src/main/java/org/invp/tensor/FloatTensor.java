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
public final class FloatTensor extends OffHeapArray {
  private FloatTensor(Arena arena, MemorySegment segment, long... shape) {
    super(arena, segment, Float.BYTES, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static FloatTensor allocate(long... shape) {
    Arena arena = Arena.ofShared();
    return new FloatTensor(arena, zeros(arena, Float.BYTES, shape), shape);
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
    return new FloatTensor(null, segment, shape);
  }

  /**
   * A tensor that takes over an arena and closes it; for memory that comes from elsewhere, such as
   * a mapped file.
   *
   * @param segment memory of that arena, at least as many bytes as the shape needs
   */
  public static FloatTensor adopt(Arena arena, MemorySegment segment, long... shape) {
    return new FloatTensor(arena, segment, shape);
  }

  /** The first {@code rows} entries along dimension 0, sharing this tensor's memory. */
  public FloatTensor slice(long rows) {
    return slice(0, rows);
  }

  /** The entries from {@code first} to before {@code end} along dimension 0, sharing the memory. */
  public FloatTensor slice(long first, long end) {
    long[] extents = shapeOfRows(first, end);
    return view(from(first), extents);
  }

  /** The element at a row-major position. */
  public float get(long position) {
    return segment().getAtIndex(ValueLayout.JAVA_FLOAT, position);
  }

  /** Sets the element at a row-major position. */
  public void set(long position, float value) {
    segment().setAtIndex(ValueLayout.JAVA_FLOAT, position, value);
  }

  /** Copies exactly {@link #size} values into the tensor. */
  public void copyFrom(float... values) {
    requireSize(values.length);
    MemorySegment.copy(values, 0, segment(), ValueLayout.JAVA_FLOAT, 0, values.length);
  }

  /** A copy on the heap, row-major. */
  public float[] toArray() {
    return segment().toArray(ValueLayout.JAVA_FLOAT);
  }
}
