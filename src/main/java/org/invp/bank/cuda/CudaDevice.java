package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import org.invp.CudaException;
import org.invp.bindings.cudart.CudaRuntimeApi;
import org.invp.internal.NativeLibraries;
import org.invp.internal.Room;
import org.invp.internal.Text;

/**
 * A CUDA device of this machine, or the emulated one.
 *
 * @param name {@code cuda:0} or {@code cuda-simt}
 * @param index the runtime's number of it
 * @param product what NVIDIA calls it
 * @param major of its compute capability
 * @param minor of its compute capability
 */
public record CudaDevice(String name, int index, String product, int major, int minor) {
  /** The oldest compute capability that the kernels' instructions exist on. */
  private static final int LEAST_MAJOR = 8;

  /** More than the structure of any CUDA version has; its first member is the device's name. */
  private static final int PROPERTIES_BYTES = 1 << 14;

  private static final String EMULATED = "cuda-simt";
  private static final int VERSION_UNIT = 1000;
  private static final int MINOR_UNIT = 10;

  /**
   * All devices.
   *
   * @param emulated whether to ask the emulated driver
   * @throws org.invp.NativeLibraryException if the libraries cannot be loaded
   * @throws CudaException if there is no driver, or one that is too old
   */
  public static List<CudaDevice> list(boolean emulated) {
    NativeLibraries.requireCuda(emulated);
    requireDriver(version(CudaRuntimeApi::cudaDriverGetVersion));
    int count = number("counting the CUDA devices", CudaRuntimeApi::cudaGetDeviceCount);
    List<CudaDevice> devices = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      devices.add(describe(index, emulated ? EMULATED : "cuda:" + index));
    }
    return devices;
  }

  /**
   * One device, found fit for the kernels.
   *
   * @throws CudaException if there is no such device, or the kernels cannot run on it
   */
  public static CudaDevice open(int index, boolean emulated) {
    List<CudaDevice> devices = list(emulated);
    if (index >= devices.size()) {
      throw new CudaException(
          devices.isEmpty()
              ? "the CUDA driver finds no device"
              : Text.format(
                  "there is no device cuda:%d, allowed: cuda:0 to cuda:%d",
                  index, devices.size() - 1));
    }
    CudaDevice device = devices.get(index);
    device.requireArchitecture(NativeLibraries.buildInfo(Room.CUDA));
    return device;
  }

  /** The driver's and the runtime's version, for example {@code driver 13.0, runtime 13.0}. */
  public static String versions() {
    return Text.format(
        "driver %s, runtime %s",
        text(version(CudaRuntimeApi::cudaDriverGetVersion)),
        text(version(CudaRuntimeApi::cudaRuntimeGetVersion)));
  }

  /** Whether kernels are executed by the processor, in the memory of this process. */
  boolean isEmulated() {
    return name.equals(EMULATED);
  }

  /** Product and compute capability on one line. */
  @Override
  public String toString() {
    return Text.format("%s %s (sm_%d%d)", name, product, major, minor);
  }

  static void requireDriver(int driver) {
    int runtime = version(CudaRuntimeApi::cudaRuntimeGetVersion);
    if (driver == 0) {
      throw new CudaException("no CUDA driver: the CUDA runtime found none; use --device cpu");
    }
    if (driver / VERSION_UNIT < runtime / VERSION_UNIT) {
      throw new CudaException(
          Text.format(
              "the CUDA driver is too old: it supports CUDA %s, needed is %s; install NVIDIA's driver"
                  + " 580 or newer, or use --device cpu",
              text(driver), text(runtime)));
    }
  }

  /**
   * @param built as the kernels' library describes itself
   */
  void requireArchitecture(String built) {
    if (major < LEAST_MAJOR) {
      throw new CudaException(
          Text.format(
              "%s is of architecture sm_%d%d, the kernels need sm_80 or newer (built: %s)",
              name, major, minor, built));
    }
  }

  private static CudaDevice describe(int index, String name) {
    return new CudaDevice(
        name,
        index,
        product(index),
        attribute(CudaRuntimeApi.cudaDevAttrComputeCapabilityMajor(), index),
        attribute(CudaRuntimeApi.cudaDevAttrComputeCapabilityMinor(), index));
  }

  private static String product(int index) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment properties = arena.allocate(PROPERTIES_BYTES, Long.BYTES);
      CudaRuntime.check(
          "asking for the CUDA device's name",
          () -> CudaRuntimeApi.cudaGetDeviceProperties(properties, index));
      return properties.getString(0);
    }
  }

  private static int attribute(int attribute, int index) {
    return number(
        "asking for the CUDA device's architecture",
        out -> CudaRuntimeApi.cudaDeviceGetAttribute(out, attribute, index));
  }

  private static int version(ToIntFunction<MemorySegment> call) {
    return number("asking for CUDA's version", call);
  }

  private static String text(int version) {
    return version / VERSION_UNIT + "." + version % VERSION_UNIT / MINOR_UNIT;
  }

  private static int number(String what, ToIntFunction<MemorySegment> call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      CudaRuntime.check(what, () -> call.applyAsInt(out));
      return out.get(ValueLayout.JAVA_INT, 0);
    }
  }
}
