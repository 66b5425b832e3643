package org.invp.internal;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.invp.NativeLibraryException;

/**
 * Loads the native libraries, each once and on first need.
 *
 * <p>A library is looked for in the folder that {@code -Dinvp.native.dir} names; if that is not
 * set, in the jar, from which it is extracted to a cache of the user's ({@code -Dinvp.cache.dir},
 * else {@code $XDG_CACHE_HOME/invp}, else {@code ~/.cache/invp}); else in the build tree that the
 * running code belongs to. LibTorch is looked for in {@code -Dinvp.libtorch}, else the
 * environment's {@code LIBTORCH}, else the class path, else that build tree. Its own OpenBLAS and
 * OpenMP are loaded first, by absolute path, so the system's are never used.
 *
 * <p>Where several class loaders of a process have this class, each opens our libraries for itself,
 * and all use the one LibTorch that the first has opened.
 *
 * <p>All methods may be called from any thread.
 */
public final class NativeLibraries {
  /** The version whose headers the network library was compiled with. */
  public static final String LIBTORCH_VERSION = "2.13.0";

  private static final Map<Room, Loaded> LOADED = new EnumMap<>(Room.class);
  private static Boolean cudaIsEmulated;
  private static Path cudaRuntimeFolder;
  private static boolean networkIsCuda;

  private NativeLibraries() {}

  /** A loaded library: where it came from and its common functions; or why there is none. */
  private record Loaded(Path folder, RoomFunctions functions, NativeLibraryException failure) {}

  /**
   * Makes sure that the memory bank's engine is loaded.
   *
   * @throws NativeLibraryException naming every path tried and why each failed
   */
  public static void requireBank() {
    require(Room.BANK);
  }

  /**
   * Makes sure that the image library is loaded.
   *
   * @throws NativeLibraryException naming every path tried and why each failed
   */
  public static void requireImage() {
    require(Room.IMAGE);
  }

  /**
   * Makes sure that LibTorch and the network library are loaded.
   *
   * @throws NativeLibraryException naming every path tried and why each failed
   */
  public static void requireNetwork() {
    require(Room.NN);
  }

  /**
   * Makes sure that LibTorch's CUDA build and the network library for it are loaded, after the
   * libraries of {@link #requireCuda}. They do on the CPU what the others do, too; a process can
   * have one of the two, and the first need decides.
   *
   * @throws org.invp.CudaException if there is no CUDA driver
   * @throws NativeLibraryException naming every path tried and why each failed
   */
  public static void requireCudaNetwork() {
    synchronized (LOADED) {
      Loaded loaded = LOADED.get(Room.NN);
      if (loaded != null && loaded.failure() == null) {
        if (!networkIsCuda) {
          throw new NativeLibraryException(
              "this process has loaded LibTorch for the CPU and cannot load the one for CUDA as"
                  + " well");
        }
        return;
      }
      requireCuda(false);
      loadCudaNetwork();
    }
  }

  /**
   * The part of {@link #requireCudaNetwork} that works without a driver: a test of the build loads
   * everything where there is none.
   */
  static void loadCudaNetwork() {
    synchronized (LOADED) {
      OpenMpSettings.apply();
      CudaLibraries.loadForLibTorch();
      Path torch = LibraryLoader.load(LibrarySet.cudaLibTorch());
      Loaded loaded = checked(Room.NN, LibraryLoader.load(LibrarySet.cudaNetwork()));
      checkLibTorch(loaded.functions().text("libtorch_version"), torch);
      LOADED.put(Room.NN, loaded);
      networkIsCuda = true;
    }
  }

  /**
   * Makes sure that the CUDA runtime, cuBLAS and the bank's kernels are loaded; or the emulated
   * device, which stands in for all of them. A process can have one of the two.
   *
   * @throws NativeLibraryException naming every path tried and why each failed
   */
  public static void requireCuda(boolean emulated) {
    synchronized (LOADED) {
      if (cudaIsEmulated != null && cudaIsEmulated != emulated) {
        throw new NativeLibraryException(
            Text.format(
                "this process has loaded %s and cannot load %s as well",
                cudaName(cudaIsEmulated), cudaName(emulated)));
      }
      Loaded loaded = LOADED.get(Room.CUDA);
      if (loaded == null || loaded.failure() != null) {
        // Not remembered: another folder may be named, or the other device asked for, after it.
        CudaLibraries.Found found = CudaLibraries.load(emulated);
        cudaIsEmulated = emulated;
        LOADED.put(Room.CUDA, checked(Room.CUDA, found.kernels()));
        cudaRuntimeFolder = found.runtime();
      }
    }
    require(Room.CUDA);
  }

  /** The folder that the CUDA runtime was loaded from; null if it was not. */
  public static Path cudaRuntimeFolder() {
    synchronized (LOADED) {
      return cudaRuntimeFolder;
    }
  }

  private static String cudaName(boolean emulated) {
    return emulated ? "the emulated CUDA device" : "the CUDA libraries";
  }

  /** What the library says about its build; loads it if need be. */
  public static String buildInfo(Room room) {
    return require(room).functions().text("build_info");
  }

  /** The folder that the library was loaded from; loads it if need be. */
  public static Path folder(Room room) {
    return require(room).folder();
  }

  /** The message that the room's last failed call left for this thread. */
  static String lastError(Room room) {
    return require(room).functions().lastError();
  }

  private static Loaded require(Room room) {
    synchronized (LOADED) {
      Loaded loaded = LOADED.computeIfAbsent(room, NativeLibraries::load);
      if (loaded.failure() != null) {
        throw new NativeLibraryException(loaded.failure().getMessage(), loaded.failure());
      }
      return loaded;
    }
  }

  private static Loaded load(Room room) {
    Path torch = null;
    try {
      torch = room == Room.NN ? loadLibTorch() : null;
      Loaded loaded = checked(room, LibraryLoader.load(LibrarySet.of(room)));
      if (torch != null) {
        checkLibTorch(loaded.functions().text("libtorch_version"), torch);
      }
      return loaded;
    } catch (NativeLibraryException e) {
      if (torch == null || LibraryLoader.hasOpenedFrom(torch)) {
        return new Loaded(null, null, e);
      }
      String message =
          Text.format(
              "%s; other code of this process had opened LibTorch before, from %s, and a process"
                  + " has one",
              e.getMessage(), torch);
      return new Loaded(null, null, new NativeLibraryException(message, e));
    }
  }

  private static Loaded checked(Room room, Path folder) {
    RoomFunctions functions = new RoomFunctions(room);
    int found = functions.abiVersion();
    if (found != room.abiVersion()) {
      throw new NativeLibraryException(
          Text.format(
              "%s in %s has ABI version %d, this invp needs %d; build it anew",
              room.library(), folder, found, room.abiVersion()));
    }
    return new Loaded(folder, functions, null);
  }

  private static Path loadLibTorch() {
    OpenMpSettings.apply();
    return LibraryLoader.load(LibrarySet.libTorch());
  }

  static void checkLibTorch(String found, Path folder) {
    if (!LIBTORCH_VERSION.equals(found.replaceFirst("\\+.*", ""))) {
      throw new NativeLibraryException(
          Text.format(
              "LibTorch in %s is version %s, this invp needs %s", folder, found, LIBTORCH_VERSION));
    }
  }
}
