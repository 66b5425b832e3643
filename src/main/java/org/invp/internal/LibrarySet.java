package org.invp.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Libraries that are found and loaded together, from one place.
 *
 * @param name what messages call it
 * @param property the system property that names the only place to look in
 * @param variable the environment variable that does, or null
 * @param members the files, in the order in which they must be loaded
 * @param opening how the class loaders of one process come by them
 * @param buildTree where a build leaves them, relative to the project's folder
 * @param remedy what to do when they are nowhere
 */
record LibrarySet(
    String name,
    String property,
    String variable,
    List<Member> members,
    Opening opening,
    Path buildTree,
    String remedy) {

  /** What a class loader opens when another one of the process has the library open already. */
  enum Opening {
    /** A copy of its own: functions are looked up by class loader, and state is not shared. */
    COPY,
    /** Nothing: there is one for the process, which libraries that need it get from the linker. */
    ONE,
    /** It cannot have it: there is one for the process, and its functions are looked up. */
    FIRST_ONLY
  }

  /**
   * One file of a set.
   *
   * @param file its name
   * @param resource its path on the class path
   * @param required whether the set is useless without it
   */
  record Member(String file, String resource, boolean required) {}

  /**
   * LibTorch and what it needs, in load order: each library finds those before it already loaded,
   * so that none of the system's copies is ever looked for.
   */
  static LibrarySet libTorch() {
    String pytorch = "org/bytedeco/pytorch/" + Platform.NAME + "/";
    return new LibrarySet(
        "LibTorch",
        "invp.libtorch",
        "LIBTORCH",
        afterOpenBlas(
            member("libgomp.so.1", pytorch, false),
            member("libc10.so", pytorch, true),
            member("libtorch_cpu.so", pytorch, true),
            member("libtorch.so", pytorch, true)),
        Opening.ONE,
        Path.of(".deps", "libtorch", "lib"),
        "run 'make deps', or name a folder of LibTorch with -Dinvp.libtorch=DIR");
  }

  /** LibTorch's CUDA build, after NVIDIA's libraries; its OpenBLAS is the CPU build's. */
  static LibrarySet cudaLibTorch() {
    String pytorch = "org/bytedeco/pytorch/" + Platform.NAME + "-gpu/";
    return new LibrarySet(
        "LibTorch for CUDA",
        "invp.libtorch",
        "LIBTORCH",
        afterOpenBlas(
            member("libgomp.so.1", pytorch, false),
            member("libc10.so", pytorch, true),
            member("libtorch_cpu.so", pytorch, true),
            member("libc10_cuda.so", pytorch, true),
            member("libtorch_cuda.so", pytorch, true),
            member("libtorch.so", pytorch, true)),
        Opening.ONE,
        Path.of("build", "native", "libtorch-cuda"),
        "run 'make cuda-link', put its jars on the class path, or name a folder of LibTorch's CUDA"
            + " build with -Dinvp.libtorch=DIR");
  }

  private static List<Member> afterOpenBlas(Member... torch) {
    String openblas = "org/bytedeco/openblas/" + Platform.NAME + "/";
    List<Member> members = new ArrayList<>();
    for (String file : List.of("libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0")) {
      members.add(member(file, openblas, false));
    }
    members.addAll(List.of(torch));
    return List.copyOf(members);
  }

  /** The network library that goes with LibTorch's CUDA build. */
  static LibrarySet cudaNetwork() {
    String file = "libinvp_nn_cuda.so";
    return new LibrarySet(
        file,
        "invp.native.dir",
        null,
        List.of(member(file, "native/" + Platform.NAME + "/", true)),
        Opening.COPY,
        Path.of("build", "native", "lib"),
        "run 'make cuda-link', or name its folder with -Dinvp.native.dir=DIR");
  }

  /** The library of one room, after those that travel with it. */
  static LibrarySet of(Room room) {
    String folder = "native/" + Platform.NAME + "/";
    List<Member> members = new ArrayList<>();
    for (String helper : room.helpers()) {
      members.add(member(helper, folder, false));
    }
    members.add(member(room.library(), folder, true));
    return new LibrarySet(
        room.library(),
        "invp.native.dir",
        null,
        members,
        Opening.COPY,
        Path.of("build", "native", "lib"),
        "run 'make native', or name its folder with -Dinvp.native.dir=DIR");
  }

  private static Member member(String file, String folder, boolean required) {
    return new Member(file, folder + file, required);
  }
}
