package org.invp.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.invp.internal.Text;

/**
 * A dense row-major array outside the Java heap, with a shape: the currency in which the rooms
 * exchange batches, embeddings, ids and gradients without copies.
 *
 * <p>The elements lie in one {@link Memory}: on the host unless said otherwise. Of a tensor on a
 * device the host reads and writes nothing in place: {@link #segment()} and the accessors of
 * elements throw {@link IllegalStateException}; {@link #copyFrom}, {@code toArray} and {@link
 * #onHost} copy.
 *
 * <p>The tensor owns its memory from {@code allocate} until {@link #close}; a {@linkplain #slice
 * slice} and what a {@link Workspace} hands out share it and must not outlive it. Reads and writes
 * are not synchronised; closing while another thread reads fails in one of the two threads and
 * never reads freed memory.
 *
 * @param <T> the tensor's own class
 */
public abstract sealed class Tensor<T extends Tensor<T>> implements AutoCloseable
    permits FloatTensor, IntTensor {
  private final Storage storage;
  private final long elementBytes;
  private final long[] shape;

  /**
   * @param storage as many bytes as the shape needs
   */
  Tensor(Storage storage, long elementBytes, long... shape) {
    this.storage = storage;
    this.elementBytes = elementBytes;
    this.shape = shape.clone();
  }

  /** A tensor of the same class over other memory. */
  abstract T over(Storage other, long... otherShape);

  /** The extents; a copy. */
  public final long[] shape() {
    return shape.clone();
  }

  /** The extent of one dimension. */
  public final long shape(int dimension) {
    return shape[dimension];
  }

  /** The number of elements. */
  public final long size() {
    return elements(shape);
  }

  /** Where the elements lie. */
  public final Memory memory() {
    return storage.memory();
  }

  /** The first {@code rows} entries along dimension 0, sharing this tensor's memory. */
  public final T slice(long rows) {
    return slice(0, rows);
  }

  /** The entries from {@code first} to before {@code end} along dimension 0, sharing the memory. */
  public final T slice(long first, long end) {
    if (first < 0 || end < first || end > shape[0]) {
      throw new IllegalArgumentException(
          "rows " + first + " to " + end + " of a tensor of " + shape[0]);
    }
    long rowBytes = shape[0] == 0 ? 0 : bytes() / shape[0];
    long[] rows = shape.clone();
    rows[0] = end - first;
    return over(storage.part(first * rowBytes, rows[0] * rowBytes), rows);
  }

  /**
   * The elements for the host to read: a view of this tensor if it lies there, otherwise a copy.
   * Close it in either case. What is written to it reaches this tensor through {@link #copyFrom},
   * which does nothing for a view.
   */
  public final T onHost() {
    T whole = slice(shape[0]);
    if (memory() == Memory.HOST) {
      return whole;
    }
    T copy = over(Storage.allocate(Memory.HOST, bytes()), shape);
    try {
      copy.copyFrom(whole);
      return copy;
    } catch (RuntimeException | Error e) {
      copy.close();
      throw e;
    }
  }

  /** Copies a tensor of the same shape into this one, from or to a device if need be. */
  public final void copyFrom(T source) {
    Tensor<T> other = source;
    if (!Arrays.equals(shape, other.shape)) {
      throw new IllegalArgumentException(
          Text.format(
              "a tensor of shape %s cannot take one of %s",
              Arrays.toString(shape), Arrays.toString(other.shape)));
    }
    if (size() == 0) {
      return;
    }
    MemorySegment from = other.storage.segment();
    MemorySegment to = storage.segment();
    if (other.memory() == memory()) {
      memory().copyWithin(from, to, bytes());
    } else if (other.memory() == Memory.HOST) {
      memory().copyIn(from, to);
    } else if (memory() == Memory.HOST) {
      other.memory().copyOut(from, to);
    } else {
      throw new IllegalStateException(
          Text.format(
              "no copy from %s to %s; go through the host",
              other.memory().name(), memory().name()));
    }
  }

  /**
   * The host memory itself, for rooms that call native code.
   *
   * @throws IllegalStateException if the tensor lies on a device
   */
  public final MemorySegment segment() {
    if (memory() != Memory.HOST) {
      throw new IllegalStateException(
          Text.format(
              "this tensor lies on %s and cannot be read or written from the host; copy it (onHost)",
              memory().name()));
    }
    return storage.segment();
  }

  /**
   * The host memory itself, for native code to write to.
   *
   * @param inputs what the code reads meanwhile, and must not be changed by what it writes
   * @throws IllegalStateException if the tensor lies on a device
   * @throws IllegalArgumentException if the memory is mapped read-only, where a write would end the
   *     process, or shares elements with an input
   */
  public final MemorySegment output(MemorySegment... inputs) {
    MemorySegment written = segment();
    if (written.isReadOnly()) {
      throw new IllegalArgumentException(
          "a result cannot be written to this tensor: its memory is mapped read-only");
    }
    for (MemorySegment input : inputs) {
      // What lay where a closed input was is another's; the call itself says that it is closed.
      if (input.scope().isAlive() && written.asOverlappingSlice(input).isPresent()) {
        throw new IllegalArgumentException(
            "a result cannot be written to memory that it is computed from");
      }
    }
    return written;
  }

  /**
   * The address of the elements, for kernels of the memory's own device.
   *
   * @throws IllegalStateException if the tensor lies elsewhere
   */
  public final MemorySegment segment(Memory place) {
    if (memory() != place) {
      throw new IllegalStateException(
          Text.format(
              "this tensor lies on %s, needed is one on %s; copy it (copyFrom)",
              memory().name(), place.name()));
    }
    return storage.segment();
  }

  /**
   * Releases the memory if this tensor owns it; idempotent, from any thread.
   *
   * @throws IllegalStateException while a native call uses the memory; it can be closed after that
   */
  @Override
  public final void close() {
    storage.close();
  }

  /** Copies from a segment of the heap, of this tensor's size. */
  final void copyElements(MemorySegment heap, int values) {
    if (values != size()) {
      throw new IllegalArgumentException(values + " values for a tensor of " + size());
    }
    if (values > 0) {
      memory().copyIn(heap, storage.segment());
    }
  }

  /** Copies to a segment of the heap, of this tensor's size. */
  final void readElements(MemorySegment heap) {
    if (heap.byteSize() > 0) {
      memory().copyOut(storage.segment(), heap);
    }
  }

  /** The number of elements, for an array of the heap. */
  final int heapSize() {
    return Math.toIntExact(size());
  }

  final long bytes() {
    return size() * elementBytes;
  }

  /** The bytes that a shape needs. */
  static long bytes(long elementBytes, long... shape) {
    return Math.multiplyExact(elements(shape), elementBytes);
  }

  private static long elements(long... shape) {
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
