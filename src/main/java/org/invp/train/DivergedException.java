package org.invp.train;

import org.invp.InvalidDataException;

/** Training has left the finite numbers; the run's last checkpoint, if there is one, has not. */
final class DivergedException extends InvalidDataException {
  private static final long serialVersionUID = 1;

  DivergedException(String message, Throwable cause) {
    super(message, cause);
  }
}
