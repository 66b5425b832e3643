package org.invp.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.invp.InvalidDataException;

/** A {@code numpy.ndarray} of a pickle: empty when made, whole once its state is there. */
final class NumpyArray {
  private static final Opaque BIG_ENDIAN = new Opaque("a NumPy array of big-endian numbers");

  private Object value = new Opaque("a NumPy array without content");

  /** The array as a {@link StridedTensor}; {@link Opaque} if it cannot be read, or has no state. */
  Object value() {
    return value;
  }

  /** The state: version, shape, dtype, whether columns run fastest, bytes. */
  void build(PickleTuple state) {
    Opaque unknown = Opaque.in(state.values());
    value =
        unknown != null
            ? unknown
            : array(
                state.get(2, NumpyDtype.class),
                state.get(4, MemorySegment.class),
                state.longs(1),
                state.get(3, Boolean.class));
  }

  /** What {@code _frombuffer(bytes, dtype, shape, order)} gives, as protocol 5 writes arrays. */
  static Object of(PickleTuple arguments) {
    return array(
        arguments.get(1, NumpyDtype.class),
        arguments.get(0, MemorySegment.class),
        arguments.longs(2),
        arguments.get(3, String.class).equals("F"));
  }

  private static Object array(
      NumpyDtype dtype, MemorySegment bytes, long[] shape, boolean columns) {
    if (dtype.bigEndian()) {
      return BIG_ENDIAN;
    }
    try {
      long[] strides =
          columns ? reversed(Strides.rowMajor(reversed(shape))) : Strides.rowMajor(shape);
      return new StridedTensor(storage(dtype, bytes), 0, shape, strides, false);
    } catch (ArithmeticException e) {
      throw new InvalidDataException("a NumPy array of shape " + Arrays.toString(shape), e);
    }
  }

  /** A NumPy scalar as a {@link Long} or a {@link Double}. */
  static Object scalar(NumpyDtype dtype, MemorySegment bytes) {
    if (dtype.bigEndian()) {
      return BIG_ENDIAN;
    }
    StridedTensor value =
        new StridedTensor(storage(dtype, bytes), 0, new long[0], new long[0], false);
    return value.scalar();
  }

  private static Storage storage(NumpyDtype dtype, MemorySegment bytes) {
    return new Storage(dtype.dtype(), bytes.byteSize() / dtype.dtype().bytes(), () -> bytes);
  }

  private static long[] reversed(long... values) {
    long[] reversed = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      reversed[i] = values[values.length - 1 - i];
    }
    return reversed;
  }
}
