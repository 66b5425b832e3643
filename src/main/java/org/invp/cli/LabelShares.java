package org.invp.cli;

import org.invp.internal.Text;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The option {@code --labels} of the evaluations that use few labels. */
final class LabelShares {
  private LabelShares() {}

  /** Refuses what is no share of the labels. */
  static void check(CommandLine command, double share) {
    if (!(share > 0 && share <= 1)) {
      throw new ParameterException(
          command, Text.format("--labels is %s, allowed: above 0, at most 1", share));
    }
  }
}
