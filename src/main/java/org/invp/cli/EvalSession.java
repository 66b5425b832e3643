package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.internal.Text;
import org.invp.train.StopRequest;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * What the evaluations that train something have in common: the run, its settings, a log, a live
 * line, and that a signal ends them cleanly. A command has one as a mixin.
 */
final class EvalSession {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Parameters(paramLabel = "RUN", description = "A run folder, or a checkpoint.")
  private Path run;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one of the run's settings, for example data.workers=1.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute (default: training.threads of the run).")
  private Integer threads;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Start of every random number (default: the run's seed).")
  private Long seed;

  /** What a command does between opening and closing a run. */
  interface Body {
    void run(TrainedRun trained, ConsoleProgress progress, Runnable betweenBatches);
  }

  /** The run as the user named it. */
  Path run() {
    return run;
  }

  /** The seed that was asked for, or the run's. */
  long seed(TrainedRun trained) {
    return seed != null ? seed : trained.config().seed();
  }

  /**
   * Opens the run, does the work and closes all; returns the exit code.
   *
   * @param device where the network works
   * @param own settings that the command replaces, before those that the user does
   */
  int run(DeviceOption device, List<String> own, Body body) {
    List<String> all = new ArrayList<>(own);
    all.addAll(overrides);
    if (threads != null) {
      if (threads < 1) {
        throw new ParameterException(
            command.commandLine(), Text.format("--threads is %d, allowed: at least 1", threads));
      }
      all.add("training.threads=" + threads);
    }
    StopRequest stop = new StopRequest();
    try (StopOnSignal signals = new StopOnSignal(stop);
        TrainedRun trained = TrainedRun.open(run, all, device.chosen());
        LogFile log = EvalOutput.log(run);
        ConsoleProgress progress = new ConsoleProgress(command.commandLine().getErr())) {
      try {
        return log.recordingFailures(
            () -> {
              body.run(trained, progress, stop::check);
              return 0;
            });
      } catch (StopRequest.Stopped e) {
        progress.close();
        command.commandLine().getErr().println("stopped; no result was written");
        return signals.exitCode();
      }
    }
  }
}
