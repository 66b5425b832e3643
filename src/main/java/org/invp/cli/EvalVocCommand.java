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
import org.invp.data.MultiLabelDataset;
import org.invp.data.Split;
import org.invp.data.sets.Voc2007;
import org.invp.eval.AveragePrecision;
import org.invp.eval.EvalResult;
import org.invp.eval.FeatureCache;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.NetworkFeatures;
import org.invp.eval.NetworkOutput;
import org.invp.eval.Score;
import org.invp.eval.SvmClassification;
import org.invp.eval.SvmClassification.ClassResult;
import org.invp.eval.UnitRows;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code invp eval voc}. */
@Command(
    name = "voc",
    description =
        "Classify Pascal VOC 2007's test images by linear support vector machines on frozen"
            + " features, and report the mean average precision.",
    mixinStandardHelpOptions = true)
final class EvalVocCommand implements Callable<Integer> {
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private EvalSession session;
  @Mixin private FeatureOptions features;

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
          "The average precision: ${COMPLETION-CANDIDATES} (default: voc07, at 11 recalls).")
  private AveragePrecision rule = AveragePrecision.VOC07;

  @Option(
      names = "--features",
      paramLabel = "WHAT",
      description = "What represents an image: ${COMPLETION-CANDIDATES} (default: backbone).")
  private NetworkOutput which = NetworkOutput.BACKBONE;

  @Override
  public Integer call() {
    device.check();
    features.check();
    return session.run(
        List.of(),
        (trained, progress, betweenBatches) -> {
          try (MultiLabelDataset train = Voc2007.open(data, Split.TRAIN);
              MultiLabelDataset test = Voc2007.open(data, Split.TEST)) {
            output.write(session.run(), evaluate(trained, train, test, betweenBatches));
          }
        });
  }

  private EvalResult evaluate(
      TrainedRun trained,
      MultiLabelDataset train,
      MultiLabelDataset test,
      Runnable betweenBatches) {
    int channels = trained.network().options().channels();
    if (channels != train.channels()) {
      throw new InvalidDataException(
          "the network takes images of %d channel(s), Pascal VOC's have %d"
              .formatted(channels, train.channels()));
    }
    FeatureExtractor extractor = features.extractor(trained);
    FeatureCache cache = features.open(session.run());
    EnumSet<NetworkOutput> outputs = EnumSet.of(which);
    int threads = trained.config().training().resolvedThreads();
    List<ClassResult> results;
    try (NetworkFeatures known =
            NetworkFeatures.of(train, extractor, cache, outputs, betweenBatches);
        NetworkFeatures asked =
            NetworkFeatures.of(test, extractor, cache, outputs, betweenBatches)) {
      UnitRows.scale(known.rows(which));
      UnitRows.scale(asked.rows(which));
      results =
          new SvmClassification(rule, threads, betweenBatches)
              .evaluate(known.rows(which), train, asked.rows(which), test);
    }
    if (results.isEmpty()) {
      throw new InvalidDataException(
          data + ": no class has two training images with it, two without it and one to test");
    }
    return result(train, test, results);
  }

  private EvalResult result(
      MultiLabelDataset train, MultiLabelDataset test, List<ClassResult> results) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("classifier", "svm");
    settings.put("rule", name(rule));
    settings.put("features", name(which));
    settings.put("crops", features.crops());
    settings.put("training_images", train.size());
    settings.put("test_images", test.size());
    settings.put("classes_left_out", train.classes() - results.size());
    List<Score> scores = new ArrayList<>();
    double mean =
        results.stream().mapToDouble(ClassResult::averagePrecision).average().orElseThrow();
    scores.add(new Score("all classes", "map", mean));
    Map<String, Object> costs = new LinkedHashMap<>();
    for (ClassResult one : results) {
      String name = train.classNames().get(one.cls());
      scores.add(new Score(name, "ap", one.averagePrecision()));
      costs.put(name, one.cost());
    }
    return new EvalResult("voc", settings, scores, Map.of("costs", costs));
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
