package org.invp.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp bench}, the parent of the measurements. */
@Command(
    name = "bench",
    description = "Measure speed and memory on this machine.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "PART",
    subcommands = {
      BenchNearestCommand.class,
      BenchBankCommand.class,
      BenchGraphCommand.class,
      BenchShardedCommand.class,
      BenchLoaderCommand.class
    })
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "the part to measure is missing: nearest, bank, graph, sharded, loader");
  }
}
