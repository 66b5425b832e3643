package org.invp.cli;

import java.time.Duration;
import org.invp.distributed.LaunchEnvironment;
import org.invp.distributed.Membership;
import org.invp.internal.Text;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** How many processes train together, and how long they wait for each other. */
final class RankOptions {
  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--ranks",
      paramLabel = "N",
      description =
          "Train with N processes on this machine, which divide its processors, the batches and the"
              + " memory bank. Other launchers are recognised: torchrun, srun, mpirun.")
  private int ranks;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description =
          "How long ranks wait for one that is silent before they give up, naming it (default:"
              + " 300).")
  private int timeout;

  /** This process's place among those that a launcher started; alone if none did. */
  Membership membership() {
    if (ranks < 0 || timeout < 0) {
      throw new ParameterException(command.commandLine(), "--ranks and --timeout are at least 1");
    }
    Membership membership = LaunchEnvironment.detect(System.getenv()).orElseGet(Membership::alone);
    boolean launched = membership.size() > 1;
    if (launched && ranks > 0 && ranks != membership.size()) {
      throw new ParameterException(
          command.commandLine(),
          Text.format("--ranks is %d, but the launcher started %d", ranks, membership.size()));
    }
    return timeout == 0 ? membership : membership.withTimeout(Duration.ofSeconds(timeout));
  }

  /** How many processes this one is to start; 0 or 1 for none. */
  int toStart(Membership membership) {
    return membership.size() > 1 ? 0 : ranks;
  }
}
