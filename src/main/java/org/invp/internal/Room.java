package org.invp.internal;

import java.util.List;
import java.util.Locale;

/** One of our native libraries. */
public enum Room {
  /** The memory bank's engine. */
  BANK(5),
  /** Decoding and augmentation of images. */
  IMAGE(4),
  /** Networks and optimisers, on LibTorch. */
  NN(4),
  /** The memory bank's kernels on a CUDA device, or on the emulated one. */
  CUDA(4);

  private final int abiVersion;

  Room(int abiVersion) {
    this.abiVersion = abiVersion;
  }

  /** The ABI version this library was compiled for: the one its C header states. */
  public int abiVersion() {
    return abiVersion;
  }

  /** The name in symbol names: {@code bank}, {@code image}, {@code nn} or {@code cuda}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Libraries that travel beside this one and are loaded before it. */
  List<String> helpers() {
    return this == BANK || this == IMAGE ? List.of("libhwy.so.1") : List.of();
  }

  /** File name of the shared library. */
  public String library() {
    return "libinvp_" + name(id()) + ".so";
  }

  /** File name of the C header. */
  public String header() {
    return name(id()) + ".h";
  }

  private String name(String id) {
    return this == CUDA ? "bank_cuda" : id;
  }
}
