package org.invp.launcher;

import java.lang.reflect.InvocationTargetException;

/**
 * The trainer jar's entry: compiled for Java 8, so that an old {@code java} ends in one clear line
 * instead of an UnsupportedClassVersionError.
 */
public final class Launcher {
  private static final int NEEDED = 22;
  private static final String MAIN = "org.invp.cli.Main";

  private Launcher() {}

  /** Hands over to the command line if this Java is new enough; else says so and exits with 1. */
  public static void main(String[] arguments) throws Throwable {
    String version = System.getProperty("java.specification.version", "0");
    if (feature(version) < NEEDED) {
      System.err.println(
          "invp: needs Java "
              + NEEDED
              + " or newer, but "
              + System.getProperty("java.home")
              + " is Java "
              + version
              + "; run it with a newer JDK's bin/java");
      System.exit(1);
    }
    try {
      Class.forName(MAIN).getMethod("main", String[].class).invoke(null, (Object) arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** 8 for "1.8", 25 for "25". */
  private static int feature(String version) {
    String[] parts = version.split("\\.");
    return Integer.parseInt(parts[0].equals("1") && parts.length > 1 ? parts[1] : parts[0]);
  }
}
