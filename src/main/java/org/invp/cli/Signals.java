package org.invp.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.invp.internal.ProcessEnd;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * The signals that ask a program to end: a scheduler's (SIGTERM; where it is told so, SIGUSR1; at
 * the end of the time allowed, SIGXCPU), a terminal's, a closed shell's.
 */
final class Signals {
  /** What a shell adds to a signal's number to make an exit code. */
  private static final int EXIT_BASE = 128;

  private static final List<String> NAMES = List.of("TERM", "INT", "HUP", "USR1", "XCPU");

  private Signals() {}

  /** The exit code of a process that one of these signals has ended, at once or after saving. */
  static int exitCode(int signal) {
    return EXIT_BASE + signal;
  }

  /** The signal in an exit code; 0 or less if there is none. */
  static int number(int exitCode) {
    return exitCode - EXIT_BASE;
  }

  /** Whether an exit code says that one of these signals came. */
  static boolean isStop(int exitCode) {
    return all().anyMatch(signal -> exitCode == exitCode(signal.getNumber()));
  }

  /** Ends the process with the signal's exit code; nothing runs on the way out. */
  static void die(int signal) {
    ProcessEnd.now(exitCode(signal));
  }

  /** Lets all of them end the process; where the JVM keeps its hands off, they do that anyway. */
  static void dieOfAll() {
    handle(signal -> die(signal.getNumber()));
  }

  /**
   * Gives all of them to a handler.
   *
   * @return what handled each before; without those that stay as they are
   */
  static Map<Signal, SignalHandler> handle(SignalHandler handler) {
    Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    all()
        .forEach(
            signal -> {
              try {
                before.put(signal, Signal.handle(signal, handler));
              } catch (IllegalArgumentException e) {
                // The JVM was started with -Xrs: signals keep their default meaning.
                return;
              }
            });
    return before;
  }

  private static Stream<Signal> all() {
    return NAMES.stream().map(Signal::new);
  }
}
