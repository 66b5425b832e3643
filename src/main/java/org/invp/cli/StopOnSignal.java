package org.invp.cli;

import org.invp.train.StopRequest;

/**
 * While it is open, a signal asks the trainer to save and stop, see {@link StopSignals}, and so
 * does the parent of a rank. That parent alone decides when a rank has to end at once: what a
 * terminal or a scheduler sends to both of them would else be two requests.
 */
final class StopOnSignal implements AutoCloseable {
  private static final int SIGTERM = 15;

  private final StopRequest stop;
  private final ParentWatch parent;
  private final StopSignals signals;
  private int received;

  /** In a process that nobody started as a rank. */
  StopOnSignal(StopRequest stop) {
    this(stop, ParentWatch.none());
  }

  StopOnSignal(StopRequest stop, ParentWatch parent) {
    this.stop = stop;
    this.parent = parent;
    signals =
        new StopSignals(
            this::ask,
            signal -> {
              if (!parent.isThere()) {
                Signals.die(signal);
              }
            });
    parent.whenAsked(this::ask);
  }

  private synchronized void ask(int signal) {
    if (received == 0) {
      received = signal;
    }
    stop.request();
  }

  /** The exit code for the signal that came; that of SIGTERM if it came to another rank. */
  synchronized int exitCode() {
    return Signals.exitCode(received == 0 ? SIGTERM : received);
  }

  /** Gives the signals back. */
  @Override
  public void close() {
    parent.whenAsked(Signals::die);
    signals.close();
  }
}
