package org.invp.cli;

import java.time.Duration;
import java.util.Map;
import java.util.function.IntConsumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * While it is open, a signal asks for an end in order, and a second one ends the process at once;
 * one that may be a copy of the first leaves time to save before.
 */
final class StopSignals implements AutoCloseable {
  /** As long as schedulers commonly wait between SIGTERM and SIGKILL. */
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final SecondSignal second = new SecondSignal(System::nanoTime);
  private final IntConsumer ask;
  private final IntConsumer die;
  private final Map<Signal, SignalHandler> before;

  /**
   * Begins.
   *
   * @param ask gets the number of the signal, in any thread; may be called again
   * @param die likewise; does not return
   */
  StopSignals(IntConsumer ask, IntConsumer die) {
    this.ask = ask;
    this.die = die;
    before = Signals.handle(this::receive);
  }

  private void receive(Signal signal) {
    int number = signal.getNumber();
    switch (second.meaning(number)) {
      case ASKS -> ask.accept(number);
      case MAY_INSIST ->
          Thread.ofPlatform().daemon(true).name("invp-grace").start(() -> dieLater(number));
      case INSISTS -> die.accept(number);
    }
  }

  private void dieLater(int signal) {
    try {
      Thread.sleep(GRACE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    die.accept(signal);
  }

  /** Gives the signals back. */
  @Override
  public void close() {
    before.forEach(Signal::handle);
  }
}
