package org.invp.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp eval}, the parent of the evaluations. */
@Command(
    name = "eval",
    description = "Evaluate a trained network.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "EVALUATION",
    subcommands = {
      EvalKnnCommand.class,
      EvalRetrievalCommand.class,
      EvalLinearCommand.class,
      EvalLogisticCommand.class,
      EvalSemiCommand.class,
      EvalFinetuneCommand.class,
      EvalVocCommand.class
    })
final class EvalCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "an evaluation is missing: " + String.join(", ", spec.subcommands().keySet()));
  }
}
