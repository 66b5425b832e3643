package org.invp.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Ends the process in the middle of whatever it does. */
public final class ProcessEnd {
  private static final MethodHandle EXIT =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("_exit").orElseThrow(),
              FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));

  private ProcessEnd() {}

  /**
   * Ends the process now, as {@code _exit} does. Unlike the JDK's own ways it runs no exit handlers
   * of native libraries, which crash while other threads are at work in them.
   *
   * @param code the exit code
   */
  public static void now(int code) {
    try {
      EXIT.invokeExact(code);
    } catch (Throwable e) {
      throw new IllegalStateException("_exit does not throw", e);
    }
  }
}
