package org.invp.config;

import org.invp.bank.Mode;
import org.invp.bank.Selection;
import org.invp.objective.ObjectiveOptions;

/** Reads the section {@code objective}; its record is the objective's own. */
final class ObjectiveConfig {
  private ObjectiveConfig() {}

  static ObjectiveOptions read(Section section) {
    ObjectiveOptions published = ObjectiveOptions.published(Mode.PAPER);
    return section.build(
        s ->
            new ObjectiveOptions(
                s.choice("mode", published.mode(), Mode.class),
                s.number("temperature", published.temperature(), Range.POSITIVE),
                s.integer("negatives", published.negatives(), Range.atLeast(1)),
                s.integer("positives", published.positives(), Range.atLeast(1)),
                s.integer("neighbours", published.neighbours(), Range.atLeast(1)),
                s.integer("steps", published.steps(), Range.atLeast(1)),
                s.flag("exclusive", published.exclusive()),
                s.choice("selection", published.selection(), Selection.class),
                s.number("lambda", published.lambda(), Range.NOT_NEGATIVE),
                s.choice("ramp", published.ramp(), ObjectiveOptions.Ramp.class),
                s.integer("ramp_epochs", published.rampEpochs(), Range.atLeast(0)),
                s.choice("bank_start", published.bankStart(), ObjectiveOptions.BankStart.class),
                s.number("bank_momentum", published.bankMomentum(), Range.SHARE)));
  }
}
