package org.invp.distributed;

import java.time.Duration;
import org.invp.internal.Text;

/**
 * One process's place among those that train together.
 *
 * @param rank 0 to size - 1
 * @param size the number of processes, at least 1
 * @param localRank the process's number on its host: which GPU is its own
 * @param host rank 0's host, where the processes meet
 * @param port the port there
 * @param networkInterface the interface for exchanging tensors, null for the default one
 * @param timeout how long a missing or silent process is waited for
 * @param job what tells these processes from those of another job that meet at the same port; may
 *     be empty
 */
public record Membership(
    int rank,
    int size,
    int localRank,
    String host,
    int port,
    String networkInterface,
    Duration timeout,
    String job) {
  /** PyTorch's own default. */
  public static final int DEFAULT_PORT = 29500;

  /** Long enough for a slow evaluation on rank 0, short enough for a person who waits. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);

  /** Checks the numbers. */
  public Membership {
    if (size < 1 || rank < 0 || rank >= size) {
      throw new IllegalArgumentException(
          Text.format("rank %d of %d processes, allowed: 0 to size - 1", rank, size));
    }
    if (localRank < 0) {
      throw new IllegalArgumentException("local rank " + localRank + ", allowed: at least 0");
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + ", allowed: 1 to 65535");
    }
    if (timeout.toMillis() < 1) {
      throw new IllegalArgumentException("timeout " + timeout + ", allowed: at least 1 ms");
    }
  }

  /** A place in a job that is known by its size alone. */
  public Membership(
      int rank,
      int size,
      int localRank,
      String host,
      int port,
      String networkInterface,
      Duration timeout) {
    this(rank, size, localRank, host, port, networkInterface, timeout, "");
  }

  /** A process that trains alone. */
  public static Membership alone() {
    return new Membership(0, 1, 0, "127.0.0.1", DEFAULT_PORT, null, DEFAULT_TIMEOUT);
  }

  /** The same place with another patience. */
  public Membership withTimeout(Duration other) {
    return new Membership(rank, size, localRank, host, port, networkInterface, other, job);
  }

  /** Whether this process prints, evaluates and writes for all. */
  public boolean leads() {
    return rank == 0;
  }
}
