package org.invp.internal;

import org.invp.CudaException;
import org.invp.CudaOutOfMemoryException;
import org.invp.InvalidDataException;
import org.invp.InvpException;
import org.invp.NativeMemoryException;

/** Turns the status codes of {@code native/include/invp/status.h} into exceptions. */
public final class Status {
  static final int OK = 0;
  static final int INVALID_ARGUMENT = 1;
  static final int OUT_OF_MEMORY = 2;
  static final int INVALID_DATA = 3;
  static final int BACKEND_FAILURE = 4;
  static final int INTERNAL_ERROR = 5;

  private Status() {}

  /**
   * Returns if {@code status} says success, else throws with the message that the room left for the
   * calling thread. Call it on the thread that made the native call, before its next one.
   *
   * @throws IllegalArgumentException if an argument was outside its range
   * @throws NativeMemoryException if native memory ran out
   * @throws InvalidDataException if the data is unusable
   * @throws CudaException if a CUDA device failed
   * @throws InvpException for any other failure
   */
  public static void check(int status, Room room) {
    if (status != OK) {
      throw exception(status, NativeLibraries.lastError(room), room);
    }
  }

  static RuntimeException exception(int status, String message, Room room) {
    return switch (status) {
      case INVALID_ARGUMENT -> new IllegalArgumentException(message);
      // LibTorch has no memory of its own to run out of but a device's.
      case OUT_OF_MEMORY ->
          room == Room.NN && message.startsWith("LibTorch")
              ? new CudaOutOfMemoryException(message)
              : new NativeMemoryException(message);
      case INVALID_DATA -> new InvalidDataException(message);
      case BACKEND_FAILURE ->
          room == Room.CUDA ? new CudaException(message) : new InvpException(message);
      case INTERNAL_ERROR ->
          new InvpException("internal error in " + room.library() + ": " + message);
      default ->
          new InvpException(
              "unknown status " + status + " from " + room.library() + ": " + message);
    };
  }
}
