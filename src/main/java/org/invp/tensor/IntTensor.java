package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A dense row-major array of {@code int} outside the Java heap, with a shape: the currency in which
 * the rooms exchange batches, embeddings and gradients without copies.
 *
 * <p>The elements lie in one {@link Memory}: on the host unless said otherwise. Of a tensor on a
 * device the host reads and writes nothing in place: {@link #get}, {@link #set} and {@link
 * #segment()} throw {@link IllegalStateException}; {@link #copyFrom}, {@link #toArray} and {@link
 * #onHost} copy.
 *
 * <p>The tensor owns its memory from {@link #allocate} until {@link #close}; a {@linkplain #slice
 * slice} shares it and must not outlive it. Reads and writes are not synchronised; closing while
 * another thread reads fails in one of the two threads and never reads freed memory.
 */
public final class IntTensor extends OffHeapArray {
  private IntTensor(Memory memory, long... shape) {
    super(memory, Integer.BYTES, shape);
  }

  private IntTensor(Arena arena, MemorySegment segment, long... shape) {
    super(arena, segment, Integer.BYTES, shape);
  }

  private IntTensor(IntTensor whole, long first, long end) {
    super(whole, first, end);
  }

  /**
   * Allocates a tensor of zeros on the host, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static IntTensor allocate(long... shape) {
    return new IntTensor(Memory.HOST, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   * @throws org.invp.NativeMemoryException if there is not so much of the memory
   */
  public static IntTensor allocate(Memory memory, long... shape) {
    return new IntTensor(memory, shape);
  }

  /** Allocates a tensor of the given shape and copies {@code values} into it, row-major. */
  public static IntTensor of(int[] values, long... shape) {
    IntTensor tensor = allocate(shape);
    tensor.copyFrom(values);
    return tensor;
  }

  /**
   * A view of host memory that somebody else owns; closing the view releases nothing.
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
    return new IntTensor(this, first, end);
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
    copyElements(MemorySegment.ofArray(values), values.length);
  }

  /** Copies a tensor of the same shape into this one, from or to a device if need be. */
  public void copyFrom(IntTensor source) {
    copyElements(source);
  }

  /** A copy on the heap, row-major. */
  public int[] toArray() {
    int[] values = new int[heapSize()];
    readElements(MemorySegment.ofArray(values));
    return values;
  }

  /**
   * The elements for the host to read: a view of this tensor if it lies there, otherwise a copy.
   * Close it in either case. What is written to it reaches this tensor through {@link
   * #copyFrom(IntTensor)}, which does nothing for a view.
   */
  public IntTensor onHost() {
    if (memory() == Memory.HOST) {
      return slice(shape(0));
    }
    IntTensor copy = allocate(shape());
    try {
      copy.copyFrom(this);
      return copy;
    } catch (RuntimeException | Error e) {
      copy.close();
      throw e;
    }
  }
}
