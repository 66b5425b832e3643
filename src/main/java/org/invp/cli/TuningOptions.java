package org.invp.cli;

import java.util.List;
import java.util.function.Supplier;
import org.invp.eval.FineTuneSettings;
import org.invp.eval.StepDecay;
import org.invp.eval.TuningLoop;
import org.invp.nn.Classifier.Statistics;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that replace settings of a fine-tuning; what is left out stays as published. */
final class TuningOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--epochs", paramLabel = "N", description = "How often images are seen.")
  private Integer epochs;

  @Option(names = "--batch-size", paramLabel = "N", description = "Images per step.")
  private Integer batchSize;

  @Option(names = "--lr", paramLabel = "X", description = "The backbone's learning rate.")
  private Double rate;

  @Option(
      names = "--head-factor",
      paramLabel = "X",
      description = "The classifier's learning rate is that many times the backbone's.")
  private Double headFactor;

  @Option(
      names = "--milestones",
      split = ",",
      paramLabel = "N",
      description = "After that many epochs the rate falls, for example 15,20,25.")
  private List<Integer> milestones;

  @Option(names = "--decay", paramLabel = "X", description = "By this factor it falls.")
  private Double decay;

  @Option(names = "--momentum", paramLabel = "X", description = "SGD's momentum.")
  private Double momentum;

  @Option(names = "--weight-decay", paramLabel = "X", description = "SGD's weight decay.")
  private Double weightDecay;

  @Option(
      names = "--statistics",
      paramLabel = "WHAT",
      description =
          "What batch norm normalises by: ${COMPLETION-CANDIDATES} (default: batch, as published).")
  private Statistics statistics;

  @Option(
      names = "--test-every",
      paramLabel = "N",
      description = "Epochs between tests; 0 for one at the end only.")
  private Integer testEvery;

  /** The loop with what was asked for. */
  TuningLoop apply(TuningLoop loop) {
    return checked(
        () ->
            new TuningLoop(
                or(epochs, loop.epochs()),
                or(batchSize, loop.batchSize()),
                or(momentum, loop.momentum()),
                loop.nesterov(),
                or(weightDecay, loop.weightDecay()),
                or(statistics, loop.statistics()),
                or(testEvery, loop.testEvery()),
                loop.seed()));
  }

  /** The settings with what was asked for; milestones move with the number of epochs. */
  FineTuneSettings apply(FineTuneSettings settings) {
    TuningLoop loop = apply(settings.loop());
    StepDecay schedule = settings.schedule();
    List<Integer> steps =
        milestones != null
            ? milestones
            : schedule.scaled(loop.epochs(), settings.loop().epochs()).milestones();
    return checked(
        () ->
            new FineTuneSettings(
                loop,
                new StepDecay(or(rate, schedule.rate()), steps, or(decay, schedule.decay())),
                or(headFactor, settings.headFactor()),
                or(headFactor, settings.firstHeadFactor()),
                settings.headDecays(),
                settings.crop(),
                settings.flip()));
  }

  /** The learning rate that was asked for, or null. */
  Double rate() {
    return rate;
  }

  private <T> T checked(Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  private static <T> T or(T asked, T otherwise) {
    return asked != null ? asked : otherwise;
  }
}
