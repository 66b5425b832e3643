package org.invp.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.invp.distributed.LaunchEnvironment;
import org.invp.distributed.RankLostException;
import org.invp.internal.Text;
import org.invp.train.SameRun;

/**
 * One rank as a child of this process: the same Java, class path and arguments, the variables that
 * torchrun sets, and its share of the processors. Rank 0 speaks on this process's own output; of
 * the others the last line of their errors is kept.
 *
 * <p>A child's standard input is a pipe from here, by which it is asked to stop and learns that its
 * parent is gone; see {@link ParentWatch}.
 */
final class RankProcess {
  /** Set for children; what it is set to says nothing. */
  static final String SUPERVISED = "INVP_SUPERVISED";

  private static final int GRACE_SECONDS = 5;

  private final int rank;
  private final int size;
  private final Process process;
  private volatile String lastLine;
  private final Thread reader;

  private RankProcess(int rank, int size, Process process) {
    this.rank = rank;
    this.size = size;
    this.process = process;
    this.reader =
        rank == 0
            ? null
            : Thread.ofPlatform().daemon(true).name("invp-rank-" + rank).start(this::readErrors);
  }

  /**
   * Starts a rank.
   *
   * @param port where the ranks meet
   * @param job tells them from those of other runs
   */
  static RankProcess start(int rank, int size, int port, String job, List<String> arguments) {
    ProcessBuilder builder = new ProcessBuilder(command(size, arguments));
    Map<String, String> variables = builder.environment();
    variables.put("RANK", Integer.toString(rank));
    variables.put("WORLD_SIZE", Integer.toString(size));
    variables.put("LOCAL_RANK", Integer.toString(rank));
    variables.put("MASTER_ADDR", "127.0.0.1");
    variables.put("MASTER_PORT", Integer.toString(port));
    variables.put("GLOO_SOCKET_IFNAME", "lo");
    variables.put(LaunchEnvironment.JOB, job);
    variables.remove(LaunchEnvironment.AGENT); // Of a torchrun that started the parent.
    variables.put(SUPERVISED, "1");
    if (rank == 0) {
      builder.redirectOutput(Redirect.INHERIT).redirectError(Redirect.INHERIT);
    } else {
      builder.redirectOutput(Redirect.DISCARD);
    }
    try {
      return new RankProcess(rank, size, builder.start());
    } catch (IOException e) {
      throw new UncheckedIOException("could not start rank " + rank, e);
    }
  }

  private static List<String> command(int size, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("--enable-native-access=ALL-UNNAMED");
    int processors = Math.max(1, Runtime.getRuntime().availableProcessors() / size);
    command.add("-XX:ActiveProcessorCount=" + processors);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    return command;
  }

  private void readErrors() {
    try (BufferedReader errors = process.errorReader()) {
      for (String line = errors.readLine(); line != null; line = errors.readLine()) {
        if (line.startsWith(Errors.PREFIX)) {
          lastLine = line.substring(Errors.PREFIX.length());
        }
      }
    } catch (IOException e) {
      // The process is gone: there is nothing more to read.
      return;
    }
  }

  int rank() {
    return rank;
  }

  CompletableFuture<RankProcess> onExit() {
    return process.onExit().thenApply(ended -> this);
  }

  /** The exit code of a process that has ended. */
  int exitCode() {
    return process.exitValue();
  }

  /**
   * Why it failed, naming it; null when it has said so itself on this process's own output.
   *
   * @param wayOn what to do about a signal
   */
  String failure(String wayOn) {
    if (wasKilled()) {
      return Text.format(
          "rank %d of %d was ended by signal %d; %s",
          rank, size, Signals.number(exitCode()), wayOn);
    }
    if (rank == 0) {
      return null;
    }
    join();
    String why = lastLine == null ? "ended with exit code " + exitCode() : lastLine;
    return why.startsWith("rank ") ? why : Text.format("rank %d of %d: %s", rank, size, why);
  }

  /** Whether rank 0 has failed of the same and says so too; asked after {@link #failure}. */
  boolean repeatsRankZero() {
    return lastLine != null
        && (RankLostException.isMessage(lastLine) || lastLine.startsWith(SameRun.PREFIX));
  }

  /** Waits a while for a process that may be about to end with a line of its own. */
  boolean endsByItself() {
    try {
      return process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS) && !wasKilled();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean wasKilled() {
    return Signals.number(exitCode()) > 0;
  }

  private void join() {
    try {
      reader.join(1000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Asks it to save and stop, as that signal would. */
  void ask(int signal) {
    try {
      process.getOutputStream().write(signal);
      process.getOutputStream().flush();
    } catch (IOException e) {
      // It has ended meanwhile.
      return;
    }
  }

  /** Ends it at once, stopped or not, and waits for that. */
  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
