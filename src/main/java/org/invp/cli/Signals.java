package org.invp.cli;

import org.invp.internal.ProcessEnd;
import sun.misc.Signal;

/**
 * What the signals mean that ask a program to end: a terminal's, a scheduler's, a closed shell's.
 */
final class Signals {
  /** What a shell adds to a signal's number to make an exit code. */
  static final int EXIT_BASE = 128;

  private Signals() {}

  /** Ends the process with the signal's exit code; nothing runs on the way out. */
  static void die(Signal signal) {
    ProcessEnd.now(EXIT_BASE + signal.getNumber());
  }

  /** Lets all of them end the process; where the JVM keeps its hands off, they do that anyway. */
  static void dieOfAll() {
    for (String name : new String[] {"TERM", "INT", "HUP"}) {
      try {
        Signal.handle(new Signal(name), Signals::die);
      } catch (IllegalArgumentException e) {
        // The JVM was started with -Xrs: signals keep their default meaning.
        return;
      }
    }
  }
}
