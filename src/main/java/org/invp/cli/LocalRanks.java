package org.invp.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.invp.InvpException;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Several ranks of one run as children of this process, which does nothing but watch them: when one
 * fails the others are killed and one line says which it was; a signal goes to all of them.
 */
final class LocalRanks {
  private static final int SIGHUP = 1;
  private static final int SIGINT = 2;
  private static final int SIGTERM = 15;

  private final PrintWriter err;
  private final List<RankProcess> ranks = new ArrayList<>();
  private int received;

  private LocalRanks(PrintWriter err) {
    this.err = err;
  }

  /**
   * Runs {@code invp} with these arguments in {@code size} processes and returns the exit code: 0
   * when all ended well, otherwise that of the one that failed.
   */
  static int run(int size, List<String> arguments, PrintWriter err) {
    LocalRanks local = new LocalRanks(err);
    Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    try {
      for (String name : List.of("TERM", "INT", "HUP")) {
        Signal signal = new Signal(name);
        before.put(signal, Signal.handle(signal, local::receive));
      }
      return local.watch(size, arguments);
    } finally {
      local.killAll();
      before.forEach(Signal::handle);
    }
  }

  private int watch(int size, List<String> arguments) {
    int port = freePort();
    for (int rank = 0; rank < size; rank++) {
      start(rank, size, port, arguments);
    }
    List<RankProcess> running = new ArrayList<>(ranks);
    int code = 0;
    while (!running.isEmpty()) {
      RankProcess ended = next(running);
      running.remove(ended);
      code = Math.max(code, ended.exitCode());
      if (ended.exitCode() != 0 && !wasAskedToStop(ended.exitCode())) {
        String failure = ended.failure();
        if (ended.repeatsRankZero() && ranks.getFirst().endsByItself()) {
          failure = null;
        }
        killAll();
        if (failure != null) {
          err.println(Errors.PREFIX + failure);
          err.flush();
        }
        return ended.exitCode() > Signals.EXIT_BASE ? Main.FAILED : ended.exitCode();
      }
    }
    return code;
  }

  private synchronized void start(int rank, int size, int port, List<String> arguments) {
    if (received == 0) {
      ranks.add(RankProcess.start(rank, size, port, arguments));
    }
  }

  private static RankProcess next(List<RankProcess> running) {
    CompletableFuture<?>[] exits =
        running.stream().map(RankProcess::onExit).toArray(CompletableFuture[]::new);
    return (RankProcess) CompletableFuture.anyOf(exits).join();
  }

  /** Ranks agree to stop when one of them is asked, so that the others end likewise. */
  private static boolean wasAskedToStop(int exitCode) {
    return IntStream.of(SIGHUP, SIGINT, SIGTERM)
        .anyMatch(signal -> exitCode == Signals.EXIT_BASE + signal);
  }

  private synchronized void receive(Signal signal) {
    if (received != 0) {
      ranks.forEach(RankProcess::kill);
      Signals.die(signal);
    }
    received = signal.getNumber();
    ranks.forEach(RankProcess::terminate);
  }

  private synchronized void killAll() {
    ranks.forEach(RankProcess::kill);
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new InvpException("no free port for the ranks to meet at: " + e.getMessage(), e);
    }
  }
}
