package org.invp.io;

/**
 * The element types of tensors in files, under their safetensors names. invp itself writes {@link
 * #F32}, {@link #I32} and {@link #I64}; the others come with files that others wrote.
 */
public enum DType {
  /** IEEE single precision. */
  F32(4),
  /** IEEE double precision. */
  F64(8),
  /** Signed 32-bit integers. */
  I32(4),
  /** Signed 64-bit integers. */
  I64(8),
  /** Unsigned bytes. */
  U8(1),
  /** IEEE half precision. */
  F16(2),
  /** The upper half of an IEEE single. */
  BF16(2),
  /** Signed 16-bit integers. */
  I16(2),
  /** Signed bytes. */
  I8(1),
  /** Bytes that are 0 or 1. */
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Whether the elements are floating-point numbers. */
  public boolean isFloating() {
    return this == F32 || this == F64 || this == F16 || this == BF16;
  }

  /** The size of one element in bytes. */
  public int bytes() {
    return bytes;
  }
}
