package org.invp.cli;

import java.time.Duration;
import java.util.Map;
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
              + " memory bank. Other launchers are recognised, without this: torchrun, srun, mpirun.")
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
    Map<String, String> variables = System.getenv();
    Membership membership = LaunchEnvironment.detect(variables).orElseGet(Membership::alone);
    if (membership.size() > 1 && ranks > 0 && !variables.containsKey(RankProcess.SUPERVISED)) {
      throw new ParameterException(
          command.commandLine(),
          Text.format(
              "--ranks starts processes of its own, but by %s this is one of %d already; leave out"
                  + " --ranks, or unset these variables",
              LaunchEnvironment.evidence(variables), membership.size()));
    }
    return timeout == 0 ? membership : membership.withTimeout(Duration.ofSeconds(timeout));
  }

  /** Whether several ranks were asked for; true in each of them too. */
  boolean given() {
    return ranks > 1;
  }

  /** How many processes this one is to start; 0 or 1 for none. */
  int toStart(Membership membership) {
    return membership.size() > 1 ? 0 : ranks;
  }
}
