package org.invp.io;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A tensor with a name, as it goes to and comes from a file. It does not own its memory.
 *
 * @param name unique within a file, for example {@code layer1.0.conv1.weight}
 * @param dtype the element type
 * @param shape the extents, row-major; empty for a scalar
 * @param data exactly the elements, little endian
 */
@SuppressWarnings("ArrayRecordComponent") // A shape is an array everywhere in this library.
public record NamedTensor(String name, DType dtype, long[] shape, MemorySegment data) {
  /** Checks that the memory has the size that shape and type ask for. */
  public NamedTensor {
    Objects.requireNonNull(name, "name");
    shape = shape.clone();
    long bytes = Math.multiplyExact(elements(shape), (long) dtype.bytes());
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          Text.format(
              "tensor %s of shape %s needs %d bytes, got %d",
              name, Arrays.toString(shape), bytes, data.byteSize()));
    }
  }

  /** Names a float tensor; the memory stays the tensor's. */
  public static NamedTensor of(String name, FloatTensor tensor) {
    return new NamedTensor(name, DType.F32, tensor.shape(), tensor.segment());
  }

  /** Names an int tensor; the memory stays the tensor's. */
  public static NamedTensor of(String name, IntTensor tensor) {
    return new NamedTensor(name, DType.I32, tensor.shape(), tensor.segment());
  }

  /** The extents; a copy. */
  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** The same tensor under another name. */
  public NamedTensor renamed(String other) {
    return new NamedTensor(other, dtype, shape, data);
  }

  /** The number of elements. */
  public long size() {
    return elements(shape);
  }

  /** Name, type and extents on one line, for messages. */
  @Override
  public String toString() {
    return name + " " + dtype + Arrays.toString(shape);
  }

  static long elements(long... shape) {
    long product = 1;
    for (long extent : shape) {
      if (extent < 0) {
        throw new IllegalArgumentException("negative extent " + extent);
      }
      product = Math.multiplyExact(product, extent);
    }
    return product;
  }
}
