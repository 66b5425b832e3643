package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A dense row-major array of {@code float} outside the Java heap, with a shape: the currency in
 * which the rooms exchange batches, embeddings and gradients without copies.
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
public final class FloatTensor extends OffHeapArray {
  private FloatTensor(Memory memory, long... shape) {
    super(memory, Float.BYTES, shape);
  }

  private FloatTensor(Arena arena, MemorySegment segment, long... shape) {
    super(arena, segment, Float.BYTES, shape);
  }

  private FloatTensor(FloatTensor whole, long first, long end) {
    super(whole, first, end);
  }

  /**
   * Allocates a tensor of zeros on the host, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static FloatTensor allocate(long... shape) {
    return new FloatTensor(Memory.HOST, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   * @throws org.invp.NativeMemoryException if there is not so much of the memory
   */
  public static FloatTensor allocate(Memory memory, long... shape) {
    return new FloatTensor(memory, shape);
  }

  /** Allocates a tensor of the given shape and copies {@code values} into it, row-major. */
  public static FloatTensor of(float[] values, long... shape) {
    FloatTensor tensor = allocate(shape);
    tensor.copyFrom(values);
    return tensor;
  }

  /**
   * A view of host memory that somebody else owns; closing the view releases nothing.
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
    return new FloatTensor(this, first, end);
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
    copyElements(MemorySegment.ofArray(values), values.length);
  }

  /** Copies a tensor of the same shape into this one, from or to a device if need be. */
  public void copyFrom(FloatTensor source) {
    copyElements(source);
  }

  /** A copy on the heap, row-major. */
  public float[] toArray() {
    float[] values = new float[heapSize()];
    readElements(MemorySegment.ofArray(values));
    return values;
  }

  /**
   * The elements for the host to read: a view of this tensor if it lies there, otherwise a copy.
   * Close it in either case. What is written to it reaches this tensor through {@link
   * #copyFrom(FloatTensor)}, which does nothing for a view.
   */
  public FloatTensor onHost() {
    if (memory() == Memory.HOST) {
      return slice(shape(0));
    }
    FloatTensor copy = allocate(shape());
    try {
      copy.copyFrom(this);
      return copy;
    } catch (RuntimeException | Error e) {
      copy.close();
      throw e;
    }
  }
}
