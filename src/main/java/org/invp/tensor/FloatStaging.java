package org.invp.tensor;

/**
 * Takes tensors across the border of a memory: what lies elsewhere is copied in or out, what lies
 * there already passes as it is. The buffer grows to the largest tensor and is reused; there is
 * none while nothing needs it. Not thread-safe: one tensor at a time.
 */
public final class FloatStaging implements AutoCloseable {
  private final Memory memory;
  private FloatTensor buffer;

  /**
   * @param memory where the tensors are needed
   */
  public FloatStaging(Memory memory) {
    this.memory = memory;
  }

  /**
   * A tensor of the same elements in the memory: {@code source} itself or a copy, valid until the
   * next call.
   */
  public FloatTensor in(FloatTensor source) {
    FloatTensor staged = at(source);
    staged.copyFrom(source);
    return staged;
  }

  /**
   * Where to compute what is wanted in {@code target}: there, or a buffer of its shape, valid until
   * the next call. {@code target.copyFrom} of it does the rest, and nothing where it is the same.
   */
  public FloatTensor at(FloatTensor target) {
    if (target.memory() == memory) {
      return target;
    }
    long[] shape = target.shape();
    if (buffer == null || !fits(shape)) {
      close();
      buffer = FloatTensor.allocate(memory, shape);
    }
    return buffer.slice(shape[0]);
  }

  private boolean fits(long... shape) {
    long[] room = buffer.shape();
    boolean same = shape.length == room.length && shape[0] <= room[0];
    for (int i = 1; same && i < shape.length; i++) {
      same = shape[i] == room[i];
    }
    return same;
  }

  /** Releases the buffer; idempotent. */
  @Override
  public void close() {
    if (buffer != null) {
      buffer.close();
      buffer = null;
    }
  }
}
