package org.invp.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvpException;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.IoErrors;
import org.invp.train.CheckpointFiles.Which;
import org.invp.train.StartingPoint;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** That a new run begins from another one's network. */
final class FromOptions {
  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--from",
      paramLabel = "RUN",
      description =
          "Begin a new run from the network, memory bank and graph of another: a run folder, or a"
              + " checkpoint. Settings and schedule are CONFIG's, without CONFIG those of RUN.")
  private Path from;

  @Option(
      names = "--network-only",
      description = "With --from, take the network alone; bank and graph begin anew.")
  private boolean networkOnly;

  /** Whether the run begins from another one. */
  boolean given() {
    return from != null;
  }

  /** Refuses combinations that make no sense. */
  void check(boolean resume, Which which) {
    if (from == null && networkOnly) {
      throw wrong("--network-only needs --from");
    }
    if (from != null && resume) {
      throw wrong("--from and --resume exclude each other: a run that began goes on by --resume");
    }
    if (from != null && which != Which.LATEST && !Files.isDirectory(from)) {
      throw wrong(Text.format("--checkpoint chooses from a run folder, and %s is none", from));
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(command.commandLine(), message);
  }

  /**
   * Refuses a folder for the new run that is the other one's, which would be deleted.
   *
   * @throws InvpException in one line
   */
  void requireOther(Path runDir) {
    if (from == null || !Files.exists(from) || !Files.exists(runDir)) {
      return;
    }
    try {
      Path folder = Files.isDirectory(from) ? from : from.toRealPath().getParent();
      if (Files.isSameFile(folder, runDir)) {
        throw new InvpException(
            Text.format(
                "%s is the run that --from begins from; --run-dir names a folder for the new one",
                runDir));
      }
    } catch (IOException e) {
      throw new InvpException(Text.format("could not read %s: %s", runDir, IoErrors.reason(e)), e);
    }
  }

  /** The other run's settings. */
  TrainingConfig settings(Which which, List<String> overrides) {
    return StartingPoint.settings(from, which, overrides);
  }

  /** Reads what the run begins from; null where it begins with a fresh network. */
  StartingPoint open(Which which) {
    return from == null ? null : StartingPoint.open(from, which, networkOnly);
  }
}
