package org.invp.weights;

import java.util.Map;
import org.invp.InvalidDataException;
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

  NumpyDtype(String code) {
    dtype = CODES.get(code);
    if (dtype == null) {
      throw PickleConstructors.refusal("NumPy's dtype " + code);
    }
  }

  DType dtype() {
    return dtype;
  }

  /** The state: version, byte order, and what only structures have. */
  void build(PickleTuple state) {
    if (state.get(1, String.class).equals(">")) {
      throw new InvalidDataException("the pickle has a NumPy array of big-endian numbers");
    }
  }
}
