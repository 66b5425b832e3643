package org.invp.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.eval.EvalProgress;
import org.invp.eval.EvalResult;
import org.invp.eval.FeatureCache;
import org.invp.eval.LabelledViews;
import org.invp.eval.LinearEvaluation;
import org.invp.eval.LinearSettings;
import org.invp.eval.Score;
import org.invp.eval.StepDecay;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp eval linear}. */
@Command(
    name = "linear",
    description =
        "Train linear classifiers on the frozen backbone's features and report top-1 and top-5;"
            + " settings left out are the published ones.",
    mixinStandardHelpOptions = true)
final class EvalLinearCommand implements Callable<Integer> {
  /** Whose settings. */
  enum Variant {
    /** A classifier after every block, rate 1, 120 epochs. */
    IMAGENET,
    /** The last features, rate 30, 100 epochs. */
    CIFAR
  }

  /** What the classifiers see of a training image. */
  enum Views {
    /** New crops and flips in every epoch, as published. */
    AUGMENTED,
    /** The evaluation's view, whose features are computed once and kept on disk. */
    CACHED
  }

  /** Where classifiers stand. */
  enum Layers {
    /** After every block. */
    ALL,
    /** After the last one. */
    LAST
  }

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private EvalSession session;
  @Mixin private FeatureOptions features;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      description =
          "Whose published settings: ${COMPLETION-CANDIDATES} (default: by the network's stem).")
  private Variant variant;

  @Option(
      names = "--views",
      paramLabel = "WHAT",
      description =
          "What is seen of training images: ${COMPLETION-CANDIDATES} (default: augmented, as"
              + " published; cached is faster).")
  private Views views = Views.AUGMENTED;

  @Option(
      names = "--layers",
      paramLabel = "WHICH",
      description =
          "Where classifiers stand: ${COMPLETION-CANDIDATES} (default: all for imagenet, last for"
              + " cifar and for cached views).")
  private Layers layers;

  @Option(names = "--epochs", paramLabel = "N", description = "How often images are seen.")
  private Integer epochs;

  @Option(names = "--batch-size", paramLabel = "N", description = "Images per step.")
  private Integer batchSize;

  @Option(names = "--lr", paramLabel = "X", description = "The first learning rate.")
  private Double rate;

  @Option(
      names = "--milestones",
      split = ",",
      paramLabel = "N",
      description = "After that many epochs the rate falls (default: in proportion to --epochs).")
  private List<Integer> milestones;

  @Option(names = "--decay", paramLabel = "X", description = "By this factor it falls.")
  private Double decay;

  @Option(names = "--momentum", paramLabel = "X", description = "SGD's momentum.")
  private Double momentum;

  @Option(names = "--weight-decay", paramLabel = "X", description = "SGD's weight decay.")
  private Double weightDecay;

  @Override
  public Integer call() {
    device.check();
    features.check();
    if (views == Views.AUGMENTED && features.crops() != 1) {
      throw new ParameterException(spec.commandLine(), "--crops is for --views cached");
    }
    if (features.crops() != 1 && layers == Layers.ALL) {
      throw new ParameterException(spec.commandLine(), "--crops is for --layers last");
    }
    return session.run(device, List.of(), this::evaluate);
  }

  private void evaluate(TrainedRun trained, EvalProgress progress, Runnable betweenBatches) {
    TrainingConfig config = trained.config();
    Variant chosen = variant(config);
    LinearSettings settings = settings(chosen, session.seed(trained));
    LinearEvaluation evaluation =
        new LinearEvaluation(
            settings,
            LabelledViews.cropsAndFlips(
                Setup.evaluationView(config),
                settings.crop(),
                settings.flip(),
                config.evaluation().batchSize(),
                config.data().resolvedWorkers()),
            progress,
            betweenBatches);
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("variant", chosen.name().toLowerCase(Locale.ROOT));
    described.put("views", views.name().toLowerCase(Locale.ROOT));
    described.put("crops", features.crops());
    described.putAll(settings.describe());
    List<Score> scores;
    try (ImageDataset train = Setup.labelledTrainingImages(config).labelled();
        ImageDataset test = Setup.labelledTestImages(config).labelled()) {
      if (views == Views.CACHED) {
        FeatureCache cache = features.open(session.run());
        scores =
            evaluation.onKeptFeatures(
                trained.network(), features.extractor(trained), cache, train, test);
      } else {
        scores = evaluation.onNewViews(trained.network(), train, test);
      }
      output.write(
          session.run(),
          trained,
          new EvalResult("linear", described, scores),
          EvalOutput.images(train, test));
    }
  }

  private Variant variant(TrainingConfig config) {
    if (variant != null) {
      return variant;
    }
    return config.network().stem() == Stem.CIFAR ? Variant.CIFAR : Variant.IMAGENET;
  }

  private LinearSettings settings(Variant chosen, long seed) {
    LinearSettings published =
        chosen == Variant.CIFAR ? LinearSettings.cifar(seed) : LinearSettings.imagenet(seed);
    int length = or(epochs, published.epochs());
    StepDecay schedule = published.schedule().scaled(length, published.epochs());
    boolean all =
        layers == null ? published.allBlocks() && views != Views.CACHED : layers == Layers.ALL;
    try {
      return new LinearSettings(
          length,
          or(batchSize, published.batchSize()),
          new StepDecay(
              or(rate, schedule.rate()),
              or(milestones, schedule.milestones()),
              or(decay, schedule.decay())),
          or(momentum, published.momentum()),
          or(weightDecay, published.weightDecay()),
          published.normalisation(),
          published.deviation(),
          all,
          published.crop(),
          published.flip(),
          seed);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private static <T> T or(T asked, T otherwise) {
    return asked != null ? asked : otherwise;
  }
}
