package org.invp.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A {@link Tensor} of {@code float}. */
public final class FloatTensor extends Tensor<FloatTensor> {
  private FloatTensor(Storage storage, long... shape) {
    super(storage, Float.BYTES, shape);
  }

  @Override
  FloatTensor over(Storage other, long... otherShape) {
    return new FloatTensor(other, otherShape);
  }

  /**
   * Allocates a tensor of zeros on the host, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   */
  public static FloatTensor allocate(long... shape) {
    return allocate(Memory.HOST, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes.
   *
   * @param shape the extents, each at least 0
   * @throws org.invp.NativeMemoryException if there is not so much of the memory
   */
  public static FloatTensor allocate(Memory memory, long... shape) {
    return new FloatTensor(Storage.allocate(memory, bytes(Float.BYTES, shape)), shape);
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
    return adopt(null, segment, shape);
  }

  /**
   * A tensor that takes over an arena and closes it; for memory that comes from elsewhere, such as
   * a mapped file.
   *
   * @param segment memory of that arena, at least as many bytes as the shape needs
   */
  public static FloatTensor adopt(Arena arena, MemorySegment segment, long... shape) {
    return new FloatTensor(Storage.onHost(arena, segment, bytes(Float.BYTES, shape)), shape);
  }

  /** A tensor in a part of a workspace's memory. */
  static FloatTensor in(Storage part, long... shape) {
    return new FloatTensor(part, shape);
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

  /** A copy on the heap, row-major. */
  public float[] toArray() {
    float[] values = new float[heapSize()];
    readElements(MemorySegment.ofArray(values));
    return values;
  }
}
