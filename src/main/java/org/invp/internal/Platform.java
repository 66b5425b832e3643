package org.invp.internal;

import java.util.Locale;

/** The name of this machine's kind in folder names, as the Maven artifacts of LibTorch spell it. */
final class Platform {
  static final String NAME = os() + "-" + architecture();

  private Platform() {}

  private static String os() {
    String name = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    return name.startsWith("linux") ? "linux" : name.replaceAll("[^a-z0-9]", "");
  }

  private static String architecture() {
    String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return switch (name) {
      case "amd64", "x86_64" -> "x86_64";
      case "aarch64", "arm64" -> "arm64";
      default -> name;
    };
  }
}
