package org.invp.bank;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.invp.InvpException;
import org.invp.bank.cuda.CudaDevice;
import org.invp.internal.Text;

/**
 * Where the bank's work is done, by name: {@code cpu}; {@code cuda} or {@code cuda:1}, an NVIDIA
 * GPU; {@code auto}, the first GPU if there is one that works, else the CPU; {@code cuda-simt}, the
 * kernels of the GPU executed on the CPU, very slowly, for tests.
 *
 * @param kind what it is
 * @param index of the GPU among the machine's, 0 for the first
 */
public record Device(Kind kind, int index) {
  /** The allowed names, for messages. */
  public static final String ALLOWED = "cpu, cuda, cuda:N, auto";

  /** The processor this program runs on. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  private static final Pattern CUDA = Pattern.compile("cuda(?::([0-9]{1,4}))?");

  /** The kinds of devices. */
  public enum Kind {
    /** The processor. */
    CPU,
    /** An NVIDIA GPU. */
    CUDA,
    /** A GPU or the processor. */
    AUTO,
    /** The emulated GPU. */
    CUDA_SIMT
  }

  /** What {@code auto} came to, and why. */
  public record Choice(Device device, String reason) {}

  /**
   * The device of that name.
   *
   * @throws IllegalArgumentException if it is none; the message names what is allowed
   */
  public static Device parse(String name) {
    Matcher cuda = CUDA.matcher(name);
    if (cuda.matches()) {
      return new Device(Kind.CUDA, cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
    }
    return switch (name) {
      case "cpu" -> CPU;
      case "auto" -> new Device(Kind.AUTO, 0);
      case "cuda-simt" -> new Device(Kind.CUDA_SIMT, 0);
      default ->
          throw new IllegalArgumentException(
              Text.format("unknown device '%s', allowed: %s", name, ALLOWED));
    };
  }

  /**
   * Turns {@code auto} into the first GPU or, where that does not work, the CPU; every other device
   * is its own choice.
   */
  public Choice choose() {
    if (kind != Kind.AUTO) {
      return new Choice(this, "asked for");
    }
    try {
      CudaDevice found = CudaDevice.open(0, false);
      return new Choice(new Device(Kind.CUDA, 0), "found " + found);
    } catch (InvpException e) {
      return new Choice(CPU, e.getMessage());
    }
  }

  /** The GPU that is {@code places} further on; for every other device the device itself. */
  public Device next(int places) {
    return kind == Kind.CUDA ? new Device(kind, index + places) : this;
  }

  /**
   * Starts an engine on the device.
   *
   * @param threads of the CPU, for all work or for what a device leaves to the host
   * @throws org.invp.CudaException if the GPU cannot be used
   * @throws org.invp.NativeLibraryException if a library cannot be loaded
   */
  BankEngine start(int threads) {
    Device chosen = choose().device();
    return chosen.kind == Kind.CPU
        ? new CpuBankEngine(threads)
        : new CudaBankEngine(CudaDevice.open(chosen.index, chosen.kind == Kind.CUDA_SIMT), threads);
  }

  /**
   * The GPUs of this machine, one line each, beginning with the device's name.
   *
   * @throws org.invp.CudaException if there is no driver, or one that is too old
   * @throws org.invp.NativeLibraryException if the CUDA libraries cannot be loaded
   */
  public static List<String> cudaDevices() {
    return CudaDevice.list(false).stream().map(CudaDevice::toString).toList();
  }

  /** The versions of the CUDA driver and runtime; after {@link #cudaDevices} succeeded. */
  public static String cudaVersions() {
    return CudaDevice.versions();
  }

  /** The name, as {@link #parse} takes it. */
  @Override
  public String toString() {
    return switch (kind) {
      case CPU -> "cpu";
      case CUDA -> "cuda:" + index;
      case AUTO -> "auto";
      case CUDA_SIMT -> "cuda-simt";
    };
  }
}
