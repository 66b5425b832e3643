package org.invp.data;

import org.invp.InvalidDataException;

/** A data set has no test images, which it need not have: it can be learnt from all the same. */
public final class NoTestSetException extends InvalidDataException {
  private static final long serialVersionUID = 1;

  /** With a line that says what is missing, and where. */
  public NoTestSetException(String message) {
    super(message);
  }
}
