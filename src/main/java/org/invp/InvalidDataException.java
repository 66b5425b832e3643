package org.invp;

/** Data that cannot be used: a corrupt or truncated file, a label out of range, NaN values. */
public class InvalidDataException extends InvpException {
  private static final long serialVersionUID = 1L;

  public InvalidDataException(String message) {
    super(message);
  }

  public InvalidDataException(String message, Throwable cause) {
    super(message, cause);
  }
}
