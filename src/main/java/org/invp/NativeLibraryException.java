package org.invp;

/** A native library could not be found, loaded or trusted; the message lists every place tried. */
public class NativeLibraryException extends InvpException {
  private static final long serialVersionUID = 1L;

  public NativeLibraryException(String message) {
    super(message);
  }

  public NativeLibraryException(String message, Throwable cause) {
    super(message, cause);
  }
}
