package org.invp.train;

/** Asks a trainer, from any thread, to save its state after the current step and return. */
public final class StopRequest {
  private volatile boolean requested;

  /** Asks; asking again changes nothing. */
  public void request() {
    requested = true;
  }

  /** Whether somebody asked. */
  public boolean requested() {
    return requested;
  }

  /**
   * Ends whatever is running if somebody asked.
   *
   * @throws Stopped then
   */
  public void check() {
    if (requested) {
      throw new Stopped();
    }
  }

  /** Unwinds to whoever made the request's subject run; carries nothing. */
  public static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stopped() {
      super("stopped on request", null, false, false);
    }
  }
}
