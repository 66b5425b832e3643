package org.invp.internal;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import org.invp.NativeLibraryException;

/** The functions that every room exports, whatever else it does. */
final class RoomFunctions {
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final FunctionDescriptor VERSION = FunctionDescriptor.of(ValueLayout.JAVA_INT);
  private static final FunctionDescriptor TEXT =
      FunctionDescriptor.of(ValueLayout.JAVA_LONG, POINTER, ValueLayout.JAVA_LONG);
  private static final int USUAL_LENGTH = 1024;

  private final Room room;
  private final MethodHandle abiVersion;
  private final MethodHandle lastError;

  /**
   * Looks the functions up among the libraries already loaded.
   *
   * @throws NativeLibraryException if the library lacks one of them
   */
  RoomFunctions(Room room) {
    this.room = room;
    abiVersion = function(room, "abi_version", VERSION);
    lastError = function(room, "last_error", TEXT);
  }

  private static MethodHandle function(Room room, String name, FunctionDescriptor descriptor) {
    String symbol = "invp_" + room.id() + "_" + name;
    try {
      return Linker.nativeLinker()
          .downcallHandle(SymbolLookup.loaderLookup().find(symbol).orElseThrow(), descriptor);
    } catch (NoSuchElementException e) {
      throw new NativeLibraryException(room.library() + " has no function " + symbol, e);
    }
  }

  int abiVersion() {
    try {
      return (int) abiVersion.invokeExact();
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** What {@code invp_<room>_<name>(char* buffer, int64_t capacity)} writes. */
  String text(String name) {
    return text(function(room, name, TEXT));
  }

  String lastError() {
    return text(lastError);
  }

  private static String text(MethodHandle function) {
    try (Arena arena = Arena.ofConfined()) {
      long capacity = USUAL_LENGTH;
      while (true) {
        MemorySegment buffer = arena.allocate(capacity);
        long length = call(function, buffer, capacity);
        if (length < capacity) {
          return buffer.getString(0);
        }
        capacity = length + 1;
      }
    }
  }

  private static long call(MethodHandle function, MemorySegment buffer, long capacity) {
    try {
      return (long) function.invokeExact(buffer, capacity);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static IllegalStateException unexpected(Throwable e) {
    return new IllegalStateException("a native call failed before it reached native code", e);
  }
}
