package org.invp.cli;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Tells a user's second signal, which insists, from the first one's copies. {@code timeout} and
 * many schedulers signal a process and then all of its group; a terminal that is closed and the
 * shell in it each send a SIGHUP of their own, with which nobody insists.
 */
final class SecondSignal {
  /** Within this time after the first one another may be a copy. */
  static final Duration COPIES = Duration.ofSeconds(1);

  private static final int SIGHUP = 1;

  private final LongSupplier nanoseconds;
  private boolean any;
  private long first;

  /** What a signal says. */
  enum Meaning {
    /** Save and stop. */
    ASKS,
    /** Perhaps nothing new, perhaps to end now. */
    MAY_INSIST,
    /** To end now. */
    INSISTS
  }

  SecondSignal(LongSupplier nanoseconds) {
    this.nanoseconds = nanoseconds;
  }

  /** What a signal that has just come says. */
  synchronized Meaning meaning(int signal) {
    if (signal == SIGHUP) {
      return Meaning.ASKS;
    }
    long now = nanoseconds.getAsLong();
    if (!any) {
      any = true;
      first = now;
      return Meaning.ASKS;
    }
    return now - first < COPIES.toNanos() ? Meaning.MAY_INSIST : Meaning.INSISTS;
  }
}
