package org.invp.cli;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.invp.data.ImageDataset;
import org.invp.eval.EvalProgress;
import org.invp.eval.EvalResult;
import org.invp.eval.FeatureCache;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.LogisticClassification;
import org.invp.eval.LogisticClassification.Draw;
import org.invp.eval.NetworkFeatures;
import org.invp.eval.NetworkOutput;
import org.invp.eval.Score;
import org.invp.internal.Text;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp eval logistic}. */
@Command(
    name = "logistic",
    description =
        "Learn a logistic regression on frozen features from few labels, drawn several times, and"
            + " report the mean top-1 and its standard deviation over the draws.",
    mixinStandardHelpOptions = true)
final class EvalLogisticCommand implements Callable<Integer> {
  private static final int DEFAULT_DRAWS = 10;

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private EvalSession session;
  @Mixin private FeatureOptions features;

  @Option(
      names = "--labels",
      paramLabel = "SHARE",
      description = "Share of the labels of every class (default: ${DEFAULT-VALUE}).")
  private double share = 0.01;

  @Option(
      names = "--draws",
      paramLabel = "N",
      description = "How often labels are drawn (default: 10; 1 with --labels 1).")
  private Integer draws;

  @Option(
      names = "--features",
      split = ",",
      paramLabel = "WHAT",
      description = "What represents an image: ${COMPLETION-CANDIDATES} (default: both).")
  private Set<NetworkOutput> outputs = EnumSet.allOf(NetworkOutput.class);

  @Override
  public Integer call() {
    device.check();
    features.check();
    LabelShares.check(spec.commandLine(), share);
    if (draws() < 1) {
      throw new ParameterException(
          spec.commandLine(), Text.format("--draws is %d, allowed: at least 1", draws));
    }
    if (share == 1 && draws() > 1) {
      throw new ParameterException(
          spec.commandLine(),
          Text.format(
              "--draws is %d, allowed with --labels 1: 1, for all draws would be the same", draws));
    }
    return session.run(device, List.of(), this::evaluate);
  }

  private int draws() {
    return draws != null ? draws : share == 1 ? 1 : DEFAULT_DRAWS;
  }

  private void evaluate(TrainedRun trained, EvalProgress progress, Runnable betweenBatches) {
    FeatureExtractor extractor = features.extractor(trained);
    FeatureCache cache = features.open(session.run());
    Map<String, List<Draw>> found = new LinkedHashMap<>();
    Map<String, Object> settings = new LinkedHashMap<>();
    progress.phase("features");
    try (ImageDataset train = Setup.labelledTrainingImages(trained.config()).labelled();
        ImageDataset test = Setup.labelledTestImages(trained.config()).labelled();
        NetworkFeatures known =
            NetworkFeatures.of(train, extractor, cache, outputs, betweenBatches);
        NetworkFeatures asked =
            NetworkFeatures.of(test, extractor, cache, outputs, betweenBatches)) {
      LogisticClassification classification =
          new LogisticClassification(
              share,
              draws(),
              session.seed(trained),
              trained.config().training().resolvedThreads(),
              betweenBatches);
      for (NetworkOutput which : outputs) {
        progress.phase("logistic regression, " + name(which));
        found.put(
            name(which),
            classification.evaluate(
                known.rows(which),
                known.images().labels(),
                asked.rows(which),
                asked.images().labels()));
      }
      settings.put("labels", share);
      settings.put("draws", draws());
      settings.put("seed", session.seed(trained));
      settings.put("folds", LogisticClassification.FOLDS);
      settings.put("costs", LogisticClassification.COSTS);
      settings.put("crops", features.crops());
      settings.put("labelled_images", found.values().iterator().next().get(0).labelled());
      output.write(
          session.run(),
          trained,
          new EvalResult("logistic", settings, scores(found), Map.of("draws", found)),
          EvalOutput.images(train, test));
    }
  }

  private static List<Score> scores(Map<String, List<Draw>> found) {
    List<Score> scores = new ArrayList<>();
    found.forEach(
        (what, all) -> {
          scores.add(new Score(what, "top1", LogisticClassification.mean(all)));
          if (all.size() > 1) {
            scores.add(new Score(what, "top1_deviation", LogisticClassification.deviation(all)));
          }
        });
    return scores;
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
