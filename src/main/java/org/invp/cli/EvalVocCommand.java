package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.InvalidDataException;
import org.invp.cli.VocLinearOptions.Views;
import org.invp.config.TrainingConfig;
import org.invp.data.MultiLabelDataset;
import org.invp.data.Split;
import org.invp.data.sets.Voc2007;
import org.invp.eval.AveragePrecision;
import org.invp.eval.ClassPrecision;
import org.invp.eval.EvalProgress;
import org.invp.eval.EvalResult;
import org.invp.eval.FeatureCache;
import org.invp.eval.LabelledViews;
import org.invp.eval.MultiLabelLinear;
import org.invp.eval.MultiLabelSettings;
import org.invp.eval.NetworkFeatures;
import org.invp.eval.NetworkOutput;
import org.invp.eval.Score;
import org.invp.eval.SvmClassification;
import org.invp.eval.SvmClassification.ClassResult;
import org.invp.eval.UnitRows;
import org.invp.internal.Text;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp eval voc}. */
@Command(
    name = "voc",
    description =
        "Classify Pascal VOC 2007's test images by linear support vector machines, or by one linear"
            + " layer, on frozen features, and report the mean average precision.",
    mixinStandardHelpOptions = true)
final class EvalVocCommand implements Callable<Integer> {
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private EvalSession session;
  @Mixin private FeatureOptions features;
  @Mixin private VocLinearOptions linear;

  /** What is learnt. */
  enum Kind {
    /** A support vector machine per class. */
    SVM,
    /** One linear layer for all classes, by the binary cross entropy. */
    LINEAR
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "PATH",
      description = "The folder that holds VOCdevkit/VOC2007, with trainval and test.")
  private Path data;

  @Option(
      names = "--rule",
      paramLabel = "NAME",
      description =
          "The average precision: ${COMPLETION-CANDIDATES} (default: voc07, at 11 recalls; step is"
              + " scikit-learn's).")
  private AveragePrecision rule = AveragePrecision.VOC07;

  @Option(
      names = "--classifier",
      paramLabel = "WHICH",
      description = "What is learnt: ${COMPLETION-CANDIDATES} (default: svm).")
  private Kind kind = Kind.SVM;

  @Option(
      names = "--features",
      paramLabel = "WHAT",
      description = "What represents an image: ${COMPLETION-CANDIDATES} (default: backbone).")
  private NetworkOutput asked;

  /** What was found, and what belongs to the way it was. */
  private record Found(
      String protocol,
      List<ClassPrecision> classes,
      Map<String, Object> settings,
      Map<String, Object> extra) {}

  @Override
  public Integer call() {
    device.check();
    features.check();
    if (kind == Kind.SVM && linear.used()) {
      throw new ParameterException(
          spec.commandLine(),
          "--views, --iterations, --batch-size, --lr, --halve-every, --momentum and --weight-decay"
              + " are for --classifier linear");
    }
    if (augmented() && (asked != null || features.crops() != 1)) {
      throw new ParameterException(
          spec.commandLine(),
          "--features and --crops are for --classifier svm, or with --views cached");
    }
    return session.run(
        device,
        List.of(),
        (trained, progress, betweenBatches) -> {
          try (MultiLabelDataset train = Voc2007.open(data, Split.TRAIN);
              MultiLabelDataset test = Voc2007.open(data, Split.TEST)) {
            requireColour(trained, train);
            Found found =
                switch (kind) {
                  case SVM -> svm(trained, train, test, betweenBatches);
                  case LINEAR -> linear(trained, train, test, progress, betweenBatches);
                };
            output.write(
                session.run(), trained, result(train, found), EvalOutput.images(train, test));
          }
        });
  }

  private boolean augmented() {
    return kind == Kind.LINEAR && linear.views() == Views.AUGMENTED;
  }

  private NetworkOutput which() {
    return asked != null ? asked : NetworkOutput.BACKBONE;
  }

  private static void requireColour(TrainedRun trained, MultiLabelDataset train) {
    int channels = trained.network().options().channels();
    if (channels != train.channels()) {
      throw new InvalidDataException(
          Text.format(
              "the network takes images of %d channel(s), Pascal VOC's have %d",
              channels, train.channels()));
    }
  }

  private Found svm(
      TrainedRun trained,
      MultiLabelDataset train,
      MultiLabelDataset test,
      Runnable betweenBatches) {
    int threads = trained.config().training().resolvedThreads();
    FeatureCache cache = features.open(session.run());
    List<ClassResult> results;
    try (NetworkFeatures known = features(trained, train, cache, betweenBatches);
        NetworkFeatures queries = features(trained, test, cache, betweenBatches)) {
      UnitRows.scale(known.rows(which()));
      UnitRows.scale(queries.rows(which()));
      results =
          new SvmClassification(rule, threads, betweenBatches)
              .evaluate(
                  known.rows(which()),
                  known.read().of(train),
                  queries.rows(which()),
                  queries.read().of(test));
    }
    Map<String, Object> costs = new LinkedHashMap<>();
    for (ClassResult one : results) {
      costs.put(train.classNames().get(one.precision().cls()), one.cost());
    }
    return new Found(
        "voc",
        results.stream().map(ClassResult::precision).toList(),
        Map.of("features", name(which())),
        Map.of("costs", costs));
  }

  private Found linear(
      TrainedRun trained,
      MultiLabelDataset train,
      MultiLabelDataset test,
      EvalProgress progress,
      Runnable betweenBatches) {
    MultiLabelSettings settings = linear.settings(session.seed(trained));
    MultiLabelLinear evaluation = new MultiLabelLinear(settings, rule, progress, betweenBatches);
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("views", name(linear.views()));
    List<ClassPrecision> classes;
    if (augmented()) {
      classes = evaluation.onNewViews(trained.network(), views(trained, settings), train, test);
    } else {
      described.put("features", name(which()));
      FeatureCache cache = features.open(session.run());
      try (NetworkFeatures known = features(trained, train, cache, betweenBatches);
          NetworkFeatures queries = features(trained, test, cache, betweenBatches)) {
        classes =
            evaluation.onKeptFeatures(
                known.rows(which()),
                known.read().of(train),
                queries.rows(which()),
                queries.read().of(test));
      }
    }
    described.putAll(settings.describe());
    return new Found("voc-linear", classes, described, Map.of());
  }

  private static LabelledViews views(TrainedRun trained, MultiLabelSettings settings) {
    TrainingConfig config = trained.config();
    return LabelledViews.cropsAndFlips(
        Setup.evaluationView(config),
        settings.crop(),
        settings.flip(),
        config.evaluation().batchSize(),
        config.data().resolvedWorkers());
  }

  private NetworkFeatures features(
      TrainedRun trained, MultiLabelDataset images, FeatureCache cache, Runnable betweenBatches) {
    return NetworkFeatures.of(
        images, features.extractor(trained), cache, EnumSet.of(which()), betweenBatches);
  }

  private EvalResult result(MultiLabelDataset train, Found found) {
    if (found.classes().isEmpty()) {
      throw new InvalidDataException(
          data + ": no class has two training images with it, two without it and one to test");
    }
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("classifier", name(kind));
    settings.put("rule", name(rule));
    settings.putAll(found.settings());
    settings.put("crops", features.crops());
    settings.put("classes_left_out", train.classes() - found.classes().size());
    List<Score> scores = new ArrayList<>();
    double mean =
        found.classes().stream()
            .mapToDouble(ClassPrecision::averagePrecision)
            .average()
            .orElseThrow();
    scores.add(new Score("all classes", "map", mean));
    for (ClassPrecision one : found.classes()) {
      scores.add(new Score(train.classNames().get(one.cls()), "ap", one.averagePrecision()));
    }
    return new EvalResult(found.protocol(), settings, scores, found.extra());
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
