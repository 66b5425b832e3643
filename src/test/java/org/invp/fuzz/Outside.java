package org.invp.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.invp.InvpException;

/**
 * What every reader of bytes from outside must keep, whatever the bytes: it reads them, or says in
 * one line why not; within seconds; and allocates no more than in proportion to the file. Anything
 * else that is thrown passes through and fails the test.
 */
public final class Outside implements AutoCloseable {
  /** A reader's own buffers, and parsers' tables. */
  private static final long BUFFERS = 96L << 20;

  /** Deflate reaches 1032; a reader may hold what it inflates about twice. */
  private static final long PER_BYTE = 2 * 1032;

  /**
   * Of the processor, which a busy machine does not change; far above what an honest reader takes.
   */
  private static final long SECONDS = 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Path folder;

  /** A folder of its own for the files, in memory where the system has such a place. */
  public Outside() {
    try {
      Path memory = Path.of("/dev/shm");
      folder =
          Files.isWritable(memory)
              ? Files.createTempDirectory(memory, "invp-fuzz")
              : Files.createTempDirectory("invp-fuzz");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where files lie. */
  public Path folder() {
    return folder;
  }

  /** Writes a file below the folder, in place of any before. */
  public Path write(String name, byte[] bytes) {
    try {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a reader over {@code bytes} bytes of input and holds it to the promises. */
  public void holds(long bytes, Runnable reader) {
    long begin = THREADS.getCurrentThreadCpuTime();
    long allowed = BUFFERS + PER_BYTE * bytes;
    long first = allocated(reader);
    long seconds = TimeUnit.NANOSECONDS.toSeconds(THREADS.getCurrentThreadCpuTime() - begin);
    assertTrue(seconds <= SECONDS, () -> "took %d s".formatted(seconds));
    // Classes that are loaded on the way are instrumented by the fuzzer, in this thread; only once.
    long allocated = first <= allowed ? first : allocated(reader);
    assertTrue(
        allocated <= allowed,
        () -> "%d bytes allocated for a file of %d".formatted(allocated, bytes));
  }

  /** Runs the reader; what it allocated. */
  private static long allocated(Runnable reader) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      reader.run();
    } catch (InvpException e) {
      String message = e.getMessage();
      assertFalse(message == null || message.isBlank(), "a refusal without a word");
      assertFalse(message.contains("\n"), () -> "more than one line: " + message);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  /** Removes the folder. */
  @Override
  public void close() {
    try (var paths = Files.walk(folder)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
