package org.invp.objective;

import org.invp.tensor.IntTensor;

/** Host memory for ints that steps reuse and that grows to the largest shape asked for. */
final class HostInts implements AutoCloseable {
  private IntTensor memory = IntTensor.allocate(0);

  /** A tensor over the memory, with whatever a step left there; valid until the next call. */
  IntTensor at(long... shape) {
    long size = 1;
    for (long extent : shape) {
      size = Math.multiplyExact(size, extent);
    }
    if (size > memory.size()) {
      memory.close();
      memory = IntTensor.allocate(size);
    }
    return IntTensor.view(memory.segment(), shape);
  }

  @Override
  public void close() {
    memory.close();
  }
}
