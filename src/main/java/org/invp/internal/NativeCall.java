package org.invp.internal;

import java.util.function.IntSupplier;

/**
 * Makes a native call through the generated bindings and turns every failure into its exception.
 */
public final class NativeCall {
  private NativeCall() {}

  /**
   * Runs {@code call} and checks the status it returns.
   *
   * @param call exactly one call of a function that returns a status
   * @throws IllegalStateException if a tensor of the call was closed
   * @throws RuntimeException as {@link Status#check} says
   */
  public static void check(Room room, IntSupplier call) {
    Status.check(status(call), room);
  }

  /**
   * Runs {@code call} and returns its status, for libraries with codes of their own. The generated
   * methods wrap whatever the foreign function interface throws in an AssertionError; here it comes
   * unwrapped.
   */
  public static int status(IntSupplier call) {
    try {
      return call.getAsInt();
    } catch (AssertionError e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
