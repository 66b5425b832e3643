package org.invp;

/** A device has less free memory than was asked for; the message says how much of each. */
public class CudaOutOfMemoryException extends NativeMemoryException {
  private static final long serialVersionUID = 1L;

  public CudaOutOfMemoryException(String message) {
    super(message);
  }
}
