package org.invp.internal;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The shared libraries that are open in this process, whoever opened them. The JVM knows them by
 * class loader only, and closes them with it.
 */
final class OpenLibraries {
  private static final int RTLD_LAZY = 0x1;
  private static final int RTLD_NOLOAD = 0x4;
  private static final int RTLD_NODELETE = 0x1000;
  private static final int RTLD_DI_LINKMAP = 2;

  /** {@code struct link_map} begins with the load address and the name. */
  private static final AddressLayout TO_LINK_MAP =
      ValueLayout.ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(2, ValueLayout.ADDRESS));

  private static final FunctionDescriptor DLOPEN =
      FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final FunctionDescriptor DLINFO =
      FunctionDescriptor.of(
          ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.ADDRESS);

  private OpenLibraries() {}

  /**
   * Finds an open library and keeps it open for as long as the process lives: threads of its own,
   * or handles of a class loader that is gone, may still lead into it.
   *
   * @param library its path, or its name as other libraries ask for it; then it is the one they get
   * @return where it was opened from; empty if it is not open
   */
  static Optional<Path> keep(String library) {
    return open(library, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }

  /**
   * As {@link #keep}, but opens the library if it is not: one of the system's, found as the dynamic
   * linker finds what libraries need.
   *
   * @return empty if there is none
   */
  static Optional<Path> find(String library) {
    return open(library, RTLD_LAZY | RTLD_NODELETE);
  }

  private static Optional<Path> open(String library, int mode) {
    if (!Platform.NAME.startsWith("linux")) {
      return Optional.empty();
    }
    MethodHandle dlopen = SystemFunctions.find("dlopen", DLOPEN);
    MethodHandle dlinfo = SystemFunctions.find("dlinfo", DLINFO);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = (MemorySegment) dlopen.invokeExact(arena.allocateFrom(library), mode);
      if (handle.equals(MemorySegment.NULL)) {
        return Optional.empty();
      }
      MemorySegment map = arena.allocate(ValueLayout.ADDRESS);
      int status = (int) dlinfo.invokeExact(handle, RTLD_DI_LINKMAP, map);
      if (status != 0) {
        throw new IllegalStateException("dlinfo of " + library + " failed");
      }
      MemorySegment name = map.get(TO_LINK_MAP, 0).getAtIndex(ValueLayout.ADDRESS, 1);
      return Optional.of(Path.of(ForeignMemory.text(name)));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a native call failed before it reached native code", e);
    }
  }
}
