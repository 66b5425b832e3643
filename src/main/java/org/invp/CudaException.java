package org.invp;

/**
 * A CUDA device cannot be used, or failed: no driver, a driver that is too old, a device that the
 * kernels were not built for, a device that was lost.
 */
public class CudaException extends InvpException {
  private static final long serialVersionUID = 1L;

  public CudaException(String message) {
    super(message);
  }

  public CudaException(String message, Throwable cause) {
    super(message, cause);
  }
}
