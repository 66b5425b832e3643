package org.invp.cli;

import java.io.IOException;
import java.util.function.IntConsumer;
import org.invp.internal.ProcessEnd;

/**
 * What a rank hears from the parent that started it. Its standard input is a pipe from there: a
 * byte is the number of a signal that asks it to stop, and the end says that the parent is gone,
 * however that went.
 */
final class ParentWatch {
  private static final int EXIT_CODE = 1;

  private final boolean there;
  private volatile IntConsumer asked = Signals::die;

  private ParentWatch(boolean there) {
    this.there = there;
  }

  /** Of a process that is no rank of a parent's. */
  static ParentWatch none() {
    return new ParentWatch(false);
  }

  /** Begins to listen, if a parent started this process as a rank. */
  static ParentWatch begin() {
    ParentWatch watch = new ParentWatch(System.getenv(RankProcess.SUPERVISED) != null);
    if (watch.isThere()) {
      Thread.ofPlatform().daemon(true).name("invp-parent-watch").start(watch::listen);
    }
    return watch;
  }

  /** Whether there is a parent. */
  boolean isThere() {
    return there;
  }

  /** Who is told that the parent asks; before anybody is named, the process ends. */
  void whenAsked(IntConsumer handler) {
    asked = handler;
  }

  private void listen() {
    try {
      for (int signal = System.in.read(); signal >= 0; signal = System.in.read()) {
        asked.accept(signal);
      }
    } catch (IOException e) {
      // A broken pipe says the same as a closed one.
    }
    ProcessEnd.now(EXIT_CODE);
  }
}
