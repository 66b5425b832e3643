package org.invp.cli;

import java.io.IOException;

/** Ends a rank whose parent is gone, however that went: its standard input is a pipe from there. */
final class ParentWatch {
  private static final int EXIT_CODE = 1;

  private ParentWatch() {}

  /** Begins to watch, if a parent started this process as a rank. */
  static void begin() {
    if (System.getenv(RankProcess.SUPERVISED) != null) {
      Thread.ofPlatform().daemon(true).name("invp-parent-watch").start(ParentWatch::watch);
    }
  }

  private static void watch() {
    try {
      while (System.in.read() >= 0) {
        // Nobody writes there.
      }
    } catch (IOException e) {
      // A broken pipe says the same as a closed one.
    }
    Runtime.getRuntime().halt(EXIT_CODE);
  }
}
