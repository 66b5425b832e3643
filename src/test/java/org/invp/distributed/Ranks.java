package org.invp.distributed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs the ranks of a group as threads of one process, over Gloo on the loopback interface. */
public final class Ranks {
  /** What one rank does. */
  public interface Body<T> {
    T run(ProcessGroup group) throws Exception;
  }

  private Ranks() {}

  /** Runs all ranks and returns what each returned; the first failure is thrown. */
  public static <T> List<T> run(int size, Body<T> body) throws Exception {
    return run(size, Duration.ofSeconds(60), body);
  }

  /** As above, with a timeout of its own for the meeting and each collective. */
  public static <T> List<T> run(int size, Duration timeout, Body<T> body) throws Exception {
    return run(size, "lo", timeout, body);
  }

  /**
   * As above.
   *
   * @param networkInterface null for what follows from the address
   */
  public static <T> List<T> run(int size, String networkInterface, Duration timeout, Body<T> body)
      throws Exception {
    int port = freePort();
    ExecutorService threads = Executors.newFixedThreadPool(size);
    try {
      List<Future<T>> running = new ArrayList<>();
      for (int rank = 0; rank < size; rank++) {
        Membership membership =
            new Membership(rank, size, rank, "127.0.0.1", port, networkInterface, timeout);
        running.add(
            threads.submit(
                () -> {
                  try (ProcessGroup group = ProcessGroup.join(membership)) {
                    return body.run(group);
                  }
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> rank : running) {
        results.add(rank.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    } finally {
      threads.shutdown();
    }
  }

  /** A port that nobody listens to just now. */
  public static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
