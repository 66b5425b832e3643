package org.invp.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.invp.InvalidDataException;

/** A {@code numpy.ndarray} of a pickle: empty when made, whole once its state is there. */
final class NumpyArray {
  private StridedTensor tensor;

  /** The array, or null while it has no state. */
  StridedTensor tensor() {
    return tensor;
  }

  /** The state: version, shape, dtype, whether columns run fastest, bytes. */
  void build(PickleTuple state) {
    long[] shape = state.longs(1);
    boolean columns = state.get(3, Boolean.class);
    Storage storage = storage(state.get(2, NumpyDtype.class), state.get(4, MemorySegment.class));
    try {
      long[] strides =
          columns ? reversed(Strides.rowMajor(reversed(shape))) : Strides.rowMajor(shape);
      tensor = new StridedTensor(storage, 0, shape, strides);
    } catch (ArithmeticException e) {
      throw new InvalidDataException("a NumPy array of shape " + Arrays.toString(shape), e);
    }
  }

  /** A NumPy scalar as a {@link Long} or a {@link Double}. */
  static Object scalar(NumpyDtype dtype, MemorySegment bytes) {
    StridedTensor value = new StridedTensor(storage(dtype, bytes), 0, new long[0], new long[0]);
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
