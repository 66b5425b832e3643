package org.invp.weights;

import java.util.Map;
import org.invp.io.DType;

/** A {@code numpy.dtype} of a pickle, of those that tensors can have. */
final class NumpyDtype {
  private static final Map<String, DType> CODES =
      Map.of(
          "f8", DType.F64,
          "f4", DType.F32,
          "f2", DType.F16,
          "i8", DType.I64,
          "i4", DType.I32,
          "i2", DType.I16,
          "i1", DType.I8,
          "u1", DType.U8,
          "b1", DType.BOOL);

  private final DType dtype;
  private boolean bigEndian;

  private NumpyDtype(DType dtype) {
    this.dtype = dtype;
  }

  /** The dtype of a code; {@link Opaque} if tensors have no such numbers. */
  static Object of(String code) {
    DType dtype = CODES.get(code);
    return dtype == null ? new Opaque("NumPy's dtype " + code) : new NumpyDtype(dtype);
  }

  DType dtype() {
    return dtype;
  }

  /** Whether its numbers are stored in the order that is not read. */
  boolean bigEndian() {
    return bigEndian;
  }

  /** The state: version, byte order, and what only structures have. */
  void build(PickleTuple state) {
    bigEndian = state.get(1, String.class).equals(">");
  }
}
