package org.invp.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much resident memory a process needs at most from a moment on, as Linux counts it: the peak
 * is reset by writing 5 to {@code /proc/self/clear_refs}.
 */
final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR_REFS = Path.of("/proc/self/clear_refs");
  private static final long UNKNOWN = -1;

  private final long before;

  private ProcessMemory(long before) {
    this.before = before;
  }

  /** Notes the memory in use now, and resets the peak. */
  static ProcessMemory start() {
    try {
      Files.writeString(CLEAR_REFS, "5");
      return new ProcessMemory(read("VmRSS:"));
    } catch (IOException e) {
      return new ProcessMemory(UNKNOWN);
    }
  }

  /** The peak since the start minus the memory in use at the start; -1 where it cannot be told. */
  long extraBytes() {
    if (before == UNKNOWN) {
      return UNKNOWN;
    }
    try {
      return read("VmHWM:") - before;
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  private static long read(String key) throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith(key)) {
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException(STATUS + " has no " + key);
  }
}
