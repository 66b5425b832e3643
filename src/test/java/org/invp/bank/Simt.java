package org.invp.bank;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.invp.internal.NativeLibraries;

/** The hooks of the emulated CUDA device: native/bank/simt/invp_simt.h. */
public final class Simt {
  public static final Device DEVICE = Device.parse("cuda-simt");

  /** cudaErrorIllegalAddress. */
  static final int ILLEGAL_ADDRESS = 700;

  private Simt() {}

  /** Whether the build made it; a build with another CUDA device under test leaves it alone. */
  public static boolean isBuilt() {
    return Files.exists(Path.of("build", "native", "lib", "libinvp_bank_simt.so"));
  }

  /** Skips the test where it was not built. */
  public static void require() {
    assumeTrue(isBuilt(), "the emulated CUDA device is not built");
    String asked = System.getenv("INVP_DEVICE");
    assumeTrue(
        asked == null || asked.isBlank() || asked.equals("cuda-simt"),
        "a process has one kind of CUDA device, and INVP_DEVICE names another");
    NativeLibraries.requireCuda(true);
  }

  /** Allocations, streams, events and handles that were not given back. */
  public static long liveObjects() {
    try {
      return (long)
          hook("live_objects", FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Bytes that crossed between the host and the device so far. */
  public static long copiedBytes() {
    try {
      return (long)
          hook("copied_bytes", FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** The n-th allocation from now on fails; 0 for none. */
  public static void failAllocation(long n) {
    call("fail_allocation", n);
  }

  /** All device memory there is. */
  static void setMemory(long bytes) {
    call("set_memory", bytes);
  }

  /** After n more launches every call fails; below 0 for never. */
  public static void loseDevice(long n) {
    try {
      hook("lose_device", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT))
          .invokeExact(n, ILLEGAL_ADDRESS);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Forgets every fault. */
  public static void reset() {
    try {
      hook("reset", FunctionDescriptor.ofVoid()).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    failAllocation(0);
    loseDevice(-1);
    setMemory(4L << 30);
  }

  private static void call(String name, long value) {
    try {
      hook(name, FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG)).invokeExact(value);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle hook(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker()
        .downcallHandle(
            SymbolLookup.loaderLookup().find("invp_simt_" + name).orElseThrow(), descriptor);
  }
}
