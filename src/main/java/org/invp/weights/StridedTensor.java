package org.invp.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.NamedTensor;

/**
 * A tensor of a file: a view of a storage that it may share with others, of any type and any
 * strides. Nothing is read before {@link #floats} or {@link #longs}.
 */
final class StridedTensor {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final Storage storage;
  private final long offset;
  private final long[] shape;
  private final long[] strides;
  private final boolean negated;

  /**
   * @param offset of the first element, in elements
   * @param shape the extents
   * @param strides from one index to the next, in elements, one per extent
   * @param negated whether the elements are those of the storage with the other sign
   * @throws InvalidDataException when the view leaves its storage, or repeats elements of it
   */
  StridedTensor(Storage storage, long offset, long[] shape, long[] strides, boolean negated) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape.clone();
    this.strides = strides.clone();
    this.negated = negated;
    check();
  }

  private void check() {
    boolean valid = offset >= 0 && shape.length == strides.length;
    try {
      long elements = 1;
      long last = offset;
      for (int i = 0; i < shape.length && valid; i++) {
        valid = shape[i] >= 0 && strides[i] >= 0;
        elements = Math.multiplyExact(elements, shape[i]);
        last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[i] - 1), strides[i]));
      }
      valid = valid && (elements == 0 || last < storage.elements());
      valid = valid && elements <= Math.max(1, storage.elements());
    } catch (ArithmeticException e) {
      valid = false;
    }
    if (!valid) {
      throw new InvalidDataException(
          Text.format(
              "a tensor of shape %s and strides %s from element %d does not lie within its storage of %d",
              Arrays.toString(shape), Arrays.toString(strides), offset, storage.elements()));
    }
  }

  DType dtype() {
    return storage.dtype();
  }

  long[] shape() {
    return shape.clone();
  }

  long elements() {
    long product = 1;
    for (long extent : shape) {
      product *= extent;
    }
    return product;
  }

  boolean hasShape(long... other) {
    return Arrays.equals(shape, other);
  }

  /** Type and extents, for messages. */
  @Override
  public String toString() {
    return storage.dtype() + Arrays.toString(shape);
  }

  /** A row-major copy in single precision, in the arena's memory. */
  NamedTensor floats(String name, Arena arena) {
    MemorySegment target = arena.allocate(Math.max(1, elements()) * Float.BYTES, Float.BYTES);
    MemorySegment data = storage.data().get();
    if (dtype() == DType.F32 && !negated && isRowMajor()) {
      MemorySegment.copy(data, offset * Float.BYTES, target, 0, elements() * Float.BYTES);
    } else {
      walk((from, to) -> target.setAtIndex(FLOAT, to, number(data, from)));
    }
    return new NamedTensor(name, DType.F32, shape, target.asSlice(0, elements() * Float.BYTES));
  }

  /**
   * A row-major copy as whole numbers, in the arena's memory.
   *
   * @throws InvalidDataException if the elements are not whole numbers
   */
  NamedTensor longs(String name, Arena arena) {
    if (dtype().isFloating()) {
      throw new InvalidDataException(Text.format("%s is %s, not of whole numbers", name, this));
    }
    MemorySegment target = arena.allocate(Math.max(1, elements()) * Long.BYTES, Long.BYTES);
    MemorySegment data = storage.data().get();
    walk((from, to) -> target.setAtIndex(ValueLayout.JAVA_LONG, to, whole(data, from)));
    return new NamedTensor(name, DType.I64, shape, target.asSlice(0, elements() * Long.BYTES));
  }

  /** The only element, as a {@link Long} or a {@link Double}. */
  Object scalar() {
    MemorySegment data = storage.data().get();
    if (!dtype().isFloating()) {
      return whole(data, offset);
    }
    if (dtype() == DType.F64) {
      double stored = data.getAtIndex(DOUBLE, offset);
      return negated ? -stored : stored;
    }
    return (double) number(data, offset);
  }

  private float number(MemorySegment data, long index) {
    float stored = storedNumber(data, index);
    return negated ? -stored : stored;
  }

  private float storedNumber(MemorySegment data, long index) {
    return switch (dtype()) {
      case F32 -> data.getAtIndex(FLOAT, index);
      case F64 -> (float) data.getAtIndex(DOUBLE, index);
      case F16 -> Float.float16ToFloat(data.getAtIndex(SHORT, index));
      case BF16 -> Float.intBitsToFloat(data.getAtIndex(SHORT, index) << Short.SIZE);
      default -> storedWhole(data, index);
    };
  }

  private long whole(MemorySegment data, long index) {
    long stored = storedWhole(data, index);
    return negated ? -stored : stored;
  }

  private long storedWhole(MemorySegment data, long index) {
    return switch (dtype()) {
      case I64 -> data.getAtIndex(LONG, index);
      case I32 -> data.getAtIndex(INT, index);
      case I16 -> data.getAtIndex(SHORT, index);
      case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case U8, BOOL -> Byte.toUnsignedLong(data.get(ValueLayout.JAVA_BYTE, index));
      default -> throw new IllegalStateException(dtype() + " is not whole");
    };
  }

  private boolean isRowMajor() {
    long[] dense = Strides.rowMajor(shape);
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] > 1 && strides[i] != dense[i]) {
        return false;
      }
    }
    return true;
  }

  /** Takes an element from its place in the storage to its place in the copy. */
  private interface Step {
    void copy(long from, long to);
  }

  private void walk(Step step) {
    if (elements() > 0) {
      walk(step, 0, offset, 0);
    }
  }

  private long walk(Step step, int dimension, long from, long to) {
    if (dimension == shape.length) {
      step.copy(from, to);
      return to + 1;
    }
    long next = to;
    for (long i = 0; i < shape[dimension]; i++) {
      next = walk(step, dimension + 1, from + i * strides[dimension], next);
    }
    return next;
  }
}
