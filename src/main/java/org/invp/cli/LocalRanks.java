package org.invp.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.invp.InvpException;

/**
 * Several ranks of one run as children of this process, which does nothing but watch them: when one
 * fails the others are killed and one line says which it was; a signal, to this process or to one
 * of them, asks all to stop.
 */
final class LocalRanks {
  private final PrintWriter err;
  private final Supplier<String> wayOn;
  private final List<RankProcess> ranks = new ArrayList<>();
  private int asked;

  private LocalRanks(PrintWriter err, Supplier<String> wayOn) {
    this.err = err;
    this.wayOn = wayOn;
  }

  /**
   * Runs {@code invp} with these arguments in {@code size} processes and returns the exit code: 0
   * when all ended well, otherwise that of the one that failed, or that of the signal that came
   * first.
   *
   * @param wayOn how a run that was broken off goes on
   */
  static int run(int size, List<String> arguments, PrintWriter err, Supplier<String> wayOn) {
    LocalRanks local = new LocalRanks(err, wayOn);
    try (StopSignals signals = new StopSignals(local::askAll, local::die)) {
      return local.watch(size, arguments);
    } finally {
      local.killAll();
    }
  }

  private int watch(int size, List<String> arguments) {
    int port = freePort();
    String job = UUID.randomUUID().toString();
    for (int rank = 0; rank < size; rank++) {
      start(rank, size, port, job, arguments);
    }
    List<RankProcess> running = new ArrayList<>(ranks);
    boolean complete = running.size() == size;
    while (!running.isEmpty()) {
      RankProcess ended = next(running);
      running.remove(ended);
      complete &= ended.exitCode() == 0;
      if (Signals.isStop(ended.exitCode())) {
        // Asked in the middle of training, all have agreed. Before that the others know nothing.
        askAll(Signals.number(ended.exitCode()));
      } else if (ended.exitCode() != 0) {
        return fail(ended);
      }
    }
    return complete ? 0 : stopped();
  }

  private int fail(RankProcess ended) {
    String failure = ended.failure(wayOn.get());
    if (ended.repeatsRankZero() && ranks.getFirst().endsByItself()) {
      failure = null;
    }
    killAll();
    if (failure != null) {
      err.println(Errors.PREFIX + failure);
      err.flush();
    }
    return Signals.number(ended.exitCode()) > 0 ? Main.FAILED : ended.exitCode();
  }

  private synchronized void start(
      int rank, int size, int port, String job, List<String> arguments) {
    if (asked == 0) {
      ranks.add(RankProcess.start(rank, size, port, job, arguments));
    }
  }

  private static RankProcess next(List<RankProcess> running) {
    CompletableFuture<?>[] exits =
        running.stream().map(RankProcess::onExit).toArray(CompletableFuture[]::new);
    return (RankProcess) CompletableFuture.anyOf(exits).join();
  }

  private synchronized void askAll(int signal) {
    if (asked == 0) {
      asked = signal;
      ranks.forEach(rank -> rank.ask(signal));
    }
  }

  private synchronized int stopped() {
    return Signals.exitCode(asked);
  }

  private void die(int signal) {
    killAll();
    Signals.die(signal);
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
