package org.invp.weights;

/** How far apart a tensor's elements lie, in elements. */
final class Strides {
  private Strides() {}

  /** The strides of a tensor without gaps whose last index runs fastest. */
  static long[] rowMajor(long... shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride = Math.multiplyExact(stride, Math.max(1, shape[i]));
    }
    return strides;
  }
}
