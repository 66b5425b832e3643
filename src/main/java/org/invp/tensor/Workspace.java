package org.invp.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Memory for the tensors that one step fills. They are handed out one after the other, hold
 * whatever an earlier step left there, and are all taken back at once by {@link #reset}; from the
 * second step of the largest size on nothing is allocated.
 *
 * <p>Owns the memory until {@link #close}. Not thread-safe.
 */
public final class Workspace implements AutoCloseable {
  /** What a device's kernels ask of a tensor's address. */
  private static final long ALIGNMENT = 256;

  private final Memory memory;
  private final List<Storage> blocks = new ArrayList<>();

  /** The bytes of the newest block, and how many of them are handed out. */
  private long capacity;

  private long used;

  /** The bytes handed out since the last reset. */
  private long total;

  /** The most that was ever handed out between two resets. */
  private long most;

  /**
   * @param memory where the tensors lie
   */
  public Workspace(Memory memory) {
    this.memory = memory;
  }

  /** A tensor that is valid until the next reset. */
  public FloatTensor floats(long... shape) {
    return FloatTensor.in(take(Tensor.bytes(Float.BYTES, shape)), shape);
  }

  /** A tensor that is valid until the next reset. */
  public IntTensor ints(long... shape) {
    return IntTensor.in(take(Tensor.bytes(Integer.BYTES, shape)), shape);
  }

  /**
   * Where to compute what is wanted in {@code target}: there, if it lies in this memory, or a
   * tensor of its shape. {@code target.copyFrom} of it does the rest, and nothing where it is the
   * same.
   */
  public <T extends Tensor<T>> T at(T target) {
    return target.memory() == memory ? target : target.over(take(target.bytes()), target.shape());
  }

  /** A tensor of the same elements in this memory: {@code source} itself or a copy. */
  public <T extends Tensor<T>> T in(T source) {
    T here = at(source);
    here.copyFrom(source);
    return here;
  }

  private Storage take(long bytes) {
    long needed = Math.ceilDiv(Math.max(bytes, 1), ALIGNMENT) * ALIGNMENT;
    if (used + needed > capacity) {
      long bytesOfBlock = Math.max(needed, most);
      blocks.add(Storage.allocate(memory, bytesOfBlock));
      capacity = bytesOfBlock;
      used = 0;
    }
    Storage part = blocks.getLast().part(used, bytes);
    used += needed;
    total += needed;
    most = Math.max(most, total);
    return part;
  }

  /** Takes everything back. What did not fit into one block will. */
  public void reset() {
    if (blocks.size() > 1) {
      close();
    }
    used = 0;
    total = 0;
  }

  /** Releases the memory; idempotent. */
  @Override
  public void close() {
    blocks.forEach(Storage::close);
    blocks.clear();
    capacity = 0;
    used = 0;
  }
}
