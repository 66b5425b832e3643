package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.bindings.nn.InvpNn;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.tensor.Memory;

/** LibTorch in this process. All methods may be called from any thread and load it if need be. */
public final class TorchRuntime {
  private static final int LONGEST_TEXT = 1024;

  private TorchRuntime() {}

  /**
   * What decides the last bits of a result.
   *
   * @param version of LibTorch, as loaded
   * @param cpuCapability the instruction set of LibTorch's kernels, for example {@code AVX512}
   * @param threads of one computation
   * @param build how the network library was compiled
   */
  public record Info(String version, String cpuCapability, int threads, String build) {}

  /**
   * Loads the LibTorch that works on a memory: the CUDA build for a CUDA device's, else the CPU's
   * unless the CUDA build is there already. A process has one of the two, so the first use decides.
   *
   * @throws org.invp.NativeLibraryException if it cannot be loaded, or the other one is
   */
  public static void load(Memory memory) {
    load(memory.access() instanceof Memory.Access.Cuda);
  }

  /**
   * As {@link #load(Memory)}.
   *
   * @param cuda whether a CUDA device is meant
   * @throws org.invp.CudaException if there is no CUDA driver
   */
  public static void load(boolean cuda) {
    if (cuda) {
      NativeLibraries.requireCudaNetwork();
    } else {
      NativeLibraries.requireNetwork();
    }
  }

  /** Describes the LibTorch that is loaded. */
  public static Info info() {
    NativeLibraries.requireNetwork();
    return new Info(
        text(InvpNn::invp_nn_libtorch_version),
        text(InvpNn::invp_nn_cpu_capability),
        threads(),
        NativeLibraries.buildInfo(Room.NN));
  }

  /**
   * Sets the number of threads of every later computation in the process, whichever thread asks for
   * it.
   *
   * @param threads at least 1
   */
  public static void setThreads(int threads) {
    NativeLibraries.requireNetwork();
    NativeCall.check(Room.NN, () -> InvpNn.invp_nn_set_threads(threads));
  }

  private static int threads() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment threads = arena.allocate(ValueLayout.JAVA_INT);
      NativeCall.check(Room.NN, () -> InvpNn.invp_nn_threads(threads));
      return threads.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** A native function that fills a buffer. */
  private interface Text {
    long fill(MemorySegment buffer, long capacity);
  }

  private static String text(Text text) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(LONGEST_TEXT);
      text.fill(buffer, LONGEST_TEXT);
      return buffer.getString(0);
    }
  }
}
