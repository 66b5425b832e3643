package org.invp.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option {@code --device}. */
final class DeviceOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--device", paramLabel = "NAME", description = "Where to compute: cpu (default).")
  private String device = "cpu";

  /** Refuses a device that this build does not have. */
  void check() {
    if (!device.equals("cpu")) {
      throw new ParameterException(
          command.commandLine(), "unknown device '%s', allowed: cpu".formatted(device));
    }
  }
}
