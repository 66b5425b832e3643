package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A {@link Tensor} of {@code int}. */
public final class IntTensor extends Tensor<IntTensor> {
  private IntTensor(Storage storage, long... shape) {
    super(storage, Integer.BYTES, shape);
  }

  @Override
  IntTensor over(Storage other, long... otherShape) {
    return new IntTensor(other, otherShape);
  }

  /**
   * Allocates a tensor of zeros on the host, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static IntTensor allocate(long... shape) {
    return allocate(Memory.HOST, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   * @throws org.invp.NativeMemoryException if there is not so much of the memory
   */
  public static IntTensor allocate(Memory memory, long... shape) {
    return new IntTensor(Storage.allocate(memory, bytes(Integer.BYTES, shape)), shape);
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
    return adopt(null, segment, shape);
  }

  /**
   * A tensor that takes over an arena and closes it; for memory that comes from elsewhere, such as
   * a mapped file.
   *
   * @param segment memory of that arena, at least as many bytes as the shape needs
   */
  public static IntTensor adopt(Arena arena, MemorySegment segment, long... shape) {
    return new IntTensor(Storage.onHost(arena, segment, bytes(Integer.BYTES, shape)), shape);
  }

  /** A tensor in a part of a workspace's memory. */
  static IntTensor in(Storage part, long... shape) {
    return new IntTensor(part, shape);
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

  /** A copy on the heap, row-major. */
  public int[] toArray() {
    int[] values = new int[heapSize()];
    readElements(MemorySegment.ofArray(values));
    return values;
  }
}
