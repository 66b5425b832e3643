package org.invp.cli;

import java.lang.foreign.Arena;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.config.TrainingConfig;
import org.invp.data.Crop;
import org.invp.data.ImageDataset;
import org.invp.eval.EpochReport;
import org.invp.eval.EvalProgress;
import org.invp.eval.EvalResult;
import org.invp.eval.FineTuneSettings;
import org.invp.eval.FineTuning;
import org.invp.eval.LabelSplit;
import org.invp.eval.LabelledViews;
import org.invp.eval.Score;
import org.invp.io.NamedTensor;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code invp eval semi}. */
@Command(
    name = "semi",
    description =
        "Fine-tune the whole network on few labels, by default 1 %% and 10 %% of every class, and"
            + " report top-1 and top-5.",
    mixinStandardHelpOptions = true)
final class EvalSemiCommand implements Callable<Integer> {
  /** ImageNet's crops: datasets/imagenet.py of the published program. */
  private static final Crop IMAGENET_CROP = new Crop(0.08, 1, 3.0 / 4, 4.0 / 3);

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private EvalSession session;
  @Mixin private TuningOptions tuning;

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "SHARE",
      description = "Shares of the labels of every class (default: 0.01,0.1).")
  private List<Double> shares = List.of(0.01, 0.1);

  @Option(
      names = "--list",
      paramLabel = "FILE",
      description =
          "Use the labels of the images listed here instead: names or indices, one a line.")
  private Path list;

  @Override
  public Integer call() {
    device.check();
    for (double share : shares) {
      LabelShares.check(spec.commandLine(), share);
    }
    return session.run(device, List.of(), this::evaluate);
  }

  private void evaluate(TrainedRun trained, EvalProgress progress, Runnable betweenBatches) {
    TrainingConfig config = trained.config();
    long seed = session.seed(trained);
    Crop crop = config.network().stem() == Stem.CIFAR ? Crop.PUBLISHED : IMAGENET_CROP;
    FineTuneSettings settings = tuning.apply(FineTuneSettings.fewLabels(crop, seed));
    List<Score> scores = new ArrayList<>();
    Map<String, Object> described = new LinkedHashMap<>(settings.describe());
    try (Arena arena = Arena.ofConfined();
        ImageDataset train = Setup.labelledTrainingImages(config).labelled();
        ImageDataset test = Setup.labelledTestImages(config).labelled()) {
      List<NamedTensor> start = trained.network().state(arena);
      for (Map.Entry<String, int[]> split : splits(train, seed).entrySet()) {
        trained.network().load(start);
        described.put("labels_" + split.getKey(), split.getValue().length);
        EpochReport last =
            tune(trained, settings, train.select(split.getValue()), test, progress, betweenBatches);
        scores.add(new Score(split.getKey(), "top1", last.testTop1()));
        scores.add(new Score(split.getKey(), "top5", last.testTop5()));
      }
      output.write(
          session.run(),
          trained,
          new EvalResult("semi", described, scores),
          EvalOutput.images(train, test));
    }
  }

  private Map<String, int[]> splits(ImageDataset train, long seed) {
    Map<String, int[]> splits = new LinkedHashMap<>();
    if (list != null) {
      splits.put("list", LabelSplit.listed(list, train));
      return splits;
    }
    int[] labels = train.labels();
    for (double share : shares) {
      splits.put(
          BigDecimal.valueOf(share).scaleByPowerOfTen(2).stripTrailingZeros().toPlainString() + "%",
          LabelSplit.perClass(labels, share, seed));
    }
    return splits;
  }

  private static EpochReport tune(
      TrainedRun trained,
      FineTuneSettings settings,
      ImageDataset train,
      ImageDataset test,
      EvalProgress progress,
      Runnable betweenBatches) {
    TrainingConfig config = trained.config();
    LabelledViews views =
        LabelledViews.cropsAndFlips(
            Setup.evaluationView(config),
            settings.crop(),
            settings.flip(),
            config.evaluation().batchSize(),
            config.data().resolvedWorkers());
    try (FineTuning finetuning =
        new FineTuning(
            trained.network(),
            train.classes(),
            settings.loop(),
            settings.rates(),
            views,
            progress,
            betweenBatches)) {
      List<EpochReport> reports = finetuning.run(train, test);
      return reports.get(reports.size() - 1);
    }
  }
}
