package org.invp.train;

import java.util.function.Consumer;
import org.invp.internal.Text;

/**
 * What a trainer does while it waits for one batch: heed a request to stop, and say once if the
 * data stalls.
 */
final class Patience implements Runnable {
  private static final long WARN_SECONDS = 60;
  private static final long NANOS = 1_000_000_000;

  private final Runnable stop;
  private final Consumer<String> warn;
  private final long began = System.nanoTime();
  private boolean warned;

  /**
   * @param stop ends the wait by throwing
   */
  Patience(Runnable stop, Consumer<String> warn) {
    this.stop = stop;
    this.warn = warn;
  }

  @Override
  public void run() {
    stop.run();
    if (!warned && System.nanoTime() - began > WARN_SECONDS * NANOS) {
      warned = true;
      warn.accept(Text.format("no images for %d s: the data is slow or has stalled", WARN_SECONDS));
    }
  }
}
