package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A dense row-major array of {@code int} outside the Java heap, with a shape: the currency in which
 * the rooms exchange batches, embeddings and gradients without copies.
 *
 * <p>The tensor owns its memory from {@link #allocate} until {@link #close}; a {@linkplain #slice
 * slice} shares it and must not outlive it. Reads and writes are not synchronised; closing while
 * another thread reads fails in one of the two threads and never reads freed memory.
 */
public final class IntTensor extends OffHeapArray {
  private IntTensor(Arena arena, MemorySegment segment, long... shape) {
    super(arena, segment, Integer.BYTES, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static IntTensor allocate(long... shape) {
    Arena arena = Arena.ofShared();
    return new IntTensor(arena, zeros(arena, Integer.BYTES, shape), shape);
  }

  /** Allocates a tensor of the given shape and copies {@code values} into it, row-major. */
  public static IntTensor of(int[] values, long... shape) {
    IntTensor tensor = allocate(shape);
    tensor.copyFrom(values);
    return tensor;
  }

  /**
   * A view of memory that somebody else owns; closing the view releases nothing.
   *
   * @param segment at least as many bytes as the shape needs
   */
  public static IntTensor view(MemorySegment segment, long... shape) {
    return new IntTensor(null, segment, shape);
  }

  /**
   * A tensor that takes over an arena and closes it; for memory that comes from elsewhere, such as
   * a mapped file.
   *
   * @param segment memory of that arena, at least as many bytes as the shape needs
   */
  public static IntTensor adopt(Arena arena, MemorySegment segment, long... shape) {
    return new IntTensor(arena, segment, shape);
  }

  /** The first {@code rows} entries along dimension 0, sharing this tensor's memory. */
  public IntTensor slice(long rows) {
    return slice(0, rows);
  }

  /** The entries from {@code first} to before {@code end} along dimension 0, sharing the memory. */
  public IntTensor slice(long first, long end) {
    long[] extents = shapeOfRows(first, end);
    return view(from(first), extents);
  }

  /** The element at a row-major position. */
  public int get(long position) {
    return segment().getAtIndex(ValueLayout.JAVA_INT, position);
  }

  /** Sets the element at a row-major position. */
  public void set(long position, int value) {
    segment().setAtIndex(ValueLayout.JAVA_INT, position, value);
  }

  /** Copies exactly {@link #size} values into the tensor. */
  public void copyFrom(int... values) {
    requireSize(values.length);
    MemorySegment.copy(values, 0, segment(), ValueLayout.JAVA_INT, 0, values.length);
  }

  /** A copy on the heap, row-major. */
  public int[] toArray() {
    return segment().toArray(ValueLayout.JAVA_INT);
  }
}
