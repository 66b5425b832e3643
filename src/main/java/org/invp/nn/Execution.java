package org.invp.nn;

import java.util.Objects;
import org.invp.tensor.Memory;

/**
 * Where and in what precision a network computes.
 *
 * @param memory where its embeddings and their gradient lie: the host's, or that of an engine on a
 *     CUDA device; the network computes there too, in the order of the engine's stream. The
 *     engine's owner closes it after the network
 * @param precision of the convolutions
 */
public record Execution(Memory memory, Precision precision) {
  /** On the CPU in float32. */
  public static final Execution DEFAULT = new Execution(Memory.HOST, Precision.FP32);

  /**
   * Checks that the two go together.
   *
   * @throws IllegalArgumentException for half precision on the CPU
   */
  public Execution {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(precision, "precision");
    if (precision == Precision.FP16 && memory.access() instanceof Memory.Access.Host) {
      throw new IllegalArgumentException(
          "network.precision is fp16, allowed on the CPU: fp32, bf16");
    }
  }

  /** Before the CPU touches memory that others work on: their work is done. */
  void join() {
    if (memory.access() instanceof Memory.Access.Host) {
      memory.await();
    }
  }

  /** Device and precision, in a text that differs when results may. */
  @Override
  public String toString() {
    return (memory.access() instanceof Memory.Access.Host ? "cpu" : memory.name())
        + " "
        + precision;
  }
}
