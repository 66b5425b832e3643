package org.invp.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Functions of the C library. */
final class SystemFunctions {
  private SystemFunctions() {}

  /**
   * A function by its name. To be called where it is needed, not from a class's initialiser: that
   * the JVM denies native access shall reach the caller as what it is.
   *
   * @throws IllegalCallerException if the JVM denies native access
   */
  static MethodHandle find(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type);
  }
}
