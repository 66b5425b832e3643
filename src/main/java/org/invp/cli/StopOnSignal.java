package org.invp.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.invp.train.StopRequest;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * While it is open, the first SIGTERM or SIGINT asks the trainer to save and stop, and a second one
 * ends the process at once.
 */
final class StopOnSignal implements AutoCloseable {
  private static final int SIGTERM = 15;

  private final StopRequest stop;
  private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
  private int received;

  StopOnSignal(StopRequest stop) {
    this.stop = stop;
    install("TERM", this::receive);
    install("HUP", this::receive);
    // A terminal sends it to a rank and to its parent, which passes on what it gets.
    boolean fromParent = System.getenv(RankProcess.SUPERVISED) != null;
    install("INT", fromParent ? SignalHandler.SIG_IGN : this::receive);
  }

  /**
   * The exit code for the signal that came: 143 for SIGTERM, also to another rank; 130 for SIGINT,
   * 129 for SIGHUP.
   */
  synchronized int exitCode() {
    return Signals.EXIT_BASE + (received == 0 ? SIGTERM : received);
  }

  /** Gives the signals back. */
  @Override
  public void close() {
    before.forEach(Signal::handle);
    before.clear();
  }

  private void install(String name, SignalHandler handler) {
    Signal signal = new Signal(name);
    try {
      before.put(signal, Signal.handle(signal, handler));
    } catch (IllegalArgumentException e) {
      // The JVM was started with -Xrs: signals keep their default meaning.
      return;
    }
  }

  private synchronized void receive(Signal signal) {
    if (received != 0) {
      Signals.die(signal);
    }
    received = signal.getNumber();
    stop.request();
  }
}
