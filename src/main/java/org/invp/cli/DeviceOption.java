package org.invp.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.internal.Text;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option {@code --device}. */
final class DeviceOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "Where the memory bank and the network work: cpu (default), cuda, cuda:N, or auto for a"
              + " GPU if there is one that works. Of several ranks on a machine each takes the next"
              + " GPU.")
  private String device;

  /** Refuses a name that is none. */
  void check() {
    if (device != null) {
      parse(device);
    }
  }

  /** The settings' overrides with the device among them, if one was asked for. */
  List<String> overriding(List<String> overrides) {
    List<String> all = new ArrayList<>(overrides);
    if (device != null) {
      all.add("training.device=" + device);
    }
    return all;
  }

  /** The device that was asked for, the CPU if none was; says what auto came to. */
  Device chosen() {
    return choose(parse(device == null ? "cpu" : device));
  }

  /** An engine on the device that was asked for, the CPU if none was; says what auto came to. */
  BankEngine start(int threads) {
    return BankEngine.on(chosen(), threads);
  }

  /** Turns auto into a device and says into which. */
  Device choose(Device asked) {
    Device.Choice choice = asked.choose();
    if (asked.kind() == Device.Kind.AUTO) {
      say(Text.format("device auto: %s (%s)", choice.device(), choice.reason()));
    }
    return choice.device();
  }

  private void say(String line) {
    PrintWriter err = command.commandLine().getErr();
    err.println("invp: " + line);
    err.flush();
  }

  private Device parse(String name) {
    try {
      return Device.parse(name);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
