package org.invp;

/**
 * Base of every failure that invp reports. The message is one line: what was wrong, where, and what
 * would be right.
 */
public class InvpException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InvpException(String message) {
    super(message);
  }

  public InvpException(String message, Throwable cause) {
    super(message, cause);
  }
}
