package org.invp.internal;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.CudaException;

/**
 * The libraries of a CUDA device: NVIDIA's driver, which the system has or has not; the CUDA
 * runtime and cuBLAS, and for LibTorch cuDNN and more, from {@code -Dinvp.cuda}, else {@code
 * CUDA_HOME}, the class path, the system's usual folders; and our kernels. Or the one library that
 * stands in for all of them in tests.
 */
final class CudaLibraries {
  private static final String PROPERTY = "invp.cuda";
  private static final String VARIABLE = "CUDA_HOME";
  private static final String DRIVER = "libcuda.so.1";
  private static final String RESOURCES = "org/bytedeco/cuda/" + Platform.NAME + "/";
  private static final List<String> SYSTEM_FOLDERS =
      List.of(
          "/usr/local/cuda/lib64",
          "/usr/local/cuda/targets/x86_64-linux/lib",
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib64");

  private static final LibrarySet RUNTIME =
      new LibrarySet(
          "the CUDA runtime and cuBLAS",
          PROPERTY,
          VARIABLE,
          List.of(
              member("libcudart.so.13"), member("libcublasLt.so.13"), member("libcublas.so.13")),
          LibrarySet.Opening.FIRST_ONLY,
          Path.of(""),
          "install CUDA 13, or name its folder with -Dinvp.cuda=DIR");

  /** In load order, after the runtime and cuBLAS. */
  private static final List<String> FOR_LIBTORCH =
      List.of(
          "libcupti.so.13",
          "libnvJitLink.so.13",
          "libcusparse.so.12",
          "libcufft.so.12",
          "libcurand.so.10",
          "libcufile.so.0",
          "libnvrtc.so.13",
          "libnccl.so.2",
          "libcudnn.so.9");

  private static final LibrarySet EMULATED =
      new LibrarySet(
          "libinvp_bank_simt.so",
          "invp.native.dir",
          null,
          List.of(
              new LibrarySet.Member("libinvp_bank_simt.so", "native/libinvp_bank_simt.so", true)),
          LibrarySet.Opening.COPY,
          Path.of("build", "native", "lib"),
          "run 'make native': the emulated device is for tests and is not part of the jar");

  private CudaLibraries() {}

  /** Where they were: the kernels' folder, and the CUDA runtime's. */
  record Found(Path kernels, Path runtime) {}

  static Found load(boolean emulated) {
    if (emulated) {
      Path folder = LibraryLoader.load(EMULATED, emulatedPlaces());
      return new Found(folder, folder);
    }
    requireDriver(DRIVER);
    Path runtime = loadRuntime();
    return new Found(LibraryLoader.load(LibrarySet.of(Room.CUDA)), runtime);
  }

  private static Path loadRuntime() {
    // Read when cuBLAS is first used: with it, its products are the same bits every time.
    ProcessEnvironment.set("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
    return LibraryLoader.load(RUNTIME, runtimePlaces());
  }

  /**
   * NVIDIA's libraries that LibTorch's CUDA build needs, each from the first place that has it: the
   * toolkit lacks cuDNN and NCCL, and the jars of the class path all but a few.
   */
  static void loadForLibTorch() {
    loadRuntime();
    for (String file : FOR_LIBTORCH) {
      LibraryLoader.load(
          new LibrarySet(
              file,
              PROPERTY,
              VARIABLE,
              List.of(member(file)),
              LibrarySet.Opening.ONE,
              Path.of(""),
              "install CUDA 13 with cuDNN 9 and NCCL 2, or name all their folders with"
                  + " -Dinvp.cuda=DIR:DIR"),
          runtimePlaces());
    }
  }

  private static List<LibraryPlaces.Place> runtimePlaces() {
    return runtimePlaces(
        System.getProperty(PROPERTY), System.getenv(VARIABLE), System.getenv("LD_LIBRARY_PATH"));
  }

  /** The driver's library comes with the driver, never with a toolkit or a jar. */
  static void requireDriver(String name) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(name, arena);
    } catch (IllegalArgumentException e) {
      String module = Path.of("/proc/driver/nvidia/version").toFile().exists() ? "is" : "is not";
      throw new CudaException(
          Text.format(
              "no CUDA driver: looked for %s in the system's library path and found none, and the"
                  + " kernel module nvidia %s loaded; install NVIDIA's driver 580 or newer, or use"
                  + " --device cpu",
              name, module),
          e);
    }
  }

  static List<LibraryPlaces.Place> runtimePlaces(String asked, String home, String path) {
    List<LibraryPlaces.Place> places = new ArrayList<>();
    if (asked != null && !asked.isBlank()) {
      for (String folder : asked.split(File.pathSeparator)) {
        places.add(LibraryPlaces.folder(Path.of(folder), "-D" + PROPERTY));
      }
      return places;
    }
    if (home != null && !home.isBlank()) {
      Path lib64 = Path.of(home, "lib64");
      places.add(LibraryPlaces.folder(Files.isDirectory(lib64) ? lib64 : Path.of(home), VARIABLE));
    }
    places.add(new LibraryPlaces.ClassPath());
    if (path != null) {
      for (String folder : path.split(File.pathSeparator)) {
        if (!folder.isBlank()) {
          places.add(new LibraryPlaces.Folder(Path.of(folder), "LD_LIBRARY_PATH"));
        }
      }
    }
    for (String folder : SYSTEM_FOLDERS) {
      places.add(new LibraryPlaces.Folder(Path.of(folder), "system"));
    }
    // What 'make cuda-link' fetched.
    places.addAll(LibraryPlaces.buildTrees(LibrarySet.cudaLibTorch()));
    return places;
  }

  private static List<LibraryPlaces.Place> emulatedPlaces() {
    String asked = System.getProperty(EMULATED.property());
    return asked != null && !asked.isBlank()
        ? List.of(LibraryPlaces.folder(Path.of(asked), "-D" + EMULATED.property()))
        : LibraryPlaces.buildTrees(EMULATED);
  }

  private static LibrarySet.Member member(String file) {
    return new LibrarySet.Member(file, RESOURCES + file, true);
  }
}
