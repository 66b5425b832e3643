package org.invp.objective;

import org.invp.tensor.FloatTensor;

/** Host memory for floats that steps reuse and that grows to the largest shape asked for. */
final class HostFloats implements AutoCloseable {
  private FloatTensor memory = FloatTensor.allocate(0);

  /** A tensor over the memory, with whatever a step left there; valid until the next call. */
  FloatTensor at(long... shape) {
    long size = 1;
    for (long extent : shape) {
      size = Math.multiplyExact(size, extent);
    }
    if (size > memory.size()) {
      memory.close();
      memory = FloatTensor.allocate(size);
    }
    return FloatTensor.view(memory.segment(), shape);
  }

  @Override
  public void close() {
    memory.close();
  }
}
