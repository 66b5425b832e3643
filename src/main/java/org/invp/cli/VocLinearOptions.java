package org.invp.cli;

import org.invp.eval.MultiLabelSettings;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the linear layer of {@code eval voc} learns; what is left out is as published. */
final class VocLinearOptions {
  /** What the layer sees of a training image. */
  enum Views {
    /** New crops and flips in every pass, through the block before the last, as published. */
    AUGMENTED,
    /** The evaluation's view, whose features are computed once and kept on disk. */
    CACHED
  }

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--views",
      paramLabel = "WHAT",
      description =
          "What the linear layer sees of training images: ${COMPLETION-CANDIDATES} (default:"
              + " augmented, the block before the last over 2 x 2 cells, as published; cached: what"
              + " --features says, faster).")
  private Views views;

  @Option(
      names = "--iterations",
      paramLabel = "N",
      description = "The linear layer's steps (default: 1900).")
  private Integer iterations;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "The linear layer's images per step (default: 16).")
  private Integer batchSize;

  @Option(
      names = "--lr",
      paramLabel = "X",
      description = "The linear layer's first learning rate (default: 3).")
  private Double rate;

  @Option(
      names = "--halve-every",
      paramLabel = "N",
      description = "After so many steps, again and again, the rate is halved (default: 760).")
  private Integer halveEvery;

  @Option(names = "--momentum", paramLabel = "X", description = "SGD's momentum (default: 0.9).")
  private Double momentum;

  @Option(
      names = "--weight-decay",
      paramLabel = "X",
      description = "SGD's weight decay (default: 1e-6).")
  private Double weightDecay;

  /** What training images are seen as. */
  Views views() {
    return views != null ? views : Views.AUGMENTED;
  }

  /** Whether the user asked for anything. */
  boolean used() {
    return views != null
        || iterations != null
        || batchSize != null
        || rate != null
        || halveEvery != null
        || momentum != null
        || weightDecay != null;
  }

  /** The published settings with what was asked for. */
  MultiLabelSettings settings(long seed) {
    MultiLabelSettings published = MultiLabelSettings.published(seed);
    try {
      return new MultiLabelSettings(
          or(iterations, published.iterations()),
          or(batchSize, published.batchSize()),
          or(rate, published.rate()),
          or(halveEvery, published.halveEvery()),
          or(momentum, published.momentum()),
          or(weightDecay, published.weightDecay()),
          published.crop(),
          published.flip(),
          published.pool(),
          seed);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  private static <T> T or(T asked, T otherwise) {
    return asked != null ? asked : otherwise;
  }
}
