package org.invp;

/** Native code could not allocate memory. */
public class NativeMemoryException extends InvpException {
  private static final long serialVersionUID = 1L;

  public NativeMemoryException(String message) {
    super(message);
  }

  public NativeMemoryException(String message, Throwable cause) {
    super(message, cause);
  }
}
