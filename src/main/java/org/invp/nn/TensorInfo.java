package org.invp.nn;

import java.util.Arrays;
import org.invp.io.DType;

/** One of a network's parameters or buffers: its place, torchvision's name, type and extents. */
@SuppressWarnings("ArrayRecordComponent") // A shape is an array everywhere in this library.
record TensorInfo(int index, String name, DType dtype, long[] shape, boolean trainable) {
  long bytes() {
    return Arrays.stream(shape).reduce(dtype.bytes(), Math::multiplyExact);
  }

  String description() {
    return dtype + Arrays.toString(shape);
  }
}
