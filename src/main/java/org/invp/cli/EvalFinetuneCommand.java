package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.config.ConfigFile;
import org.invp.config.OptimizerConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.Crop;
import org.invp.data.ImageDataset;
import org.invp.eval.EpochReport;
import org.invp.eval.EvalProgress;
import org.invp.eval.EvalResult;
import org.invp.eval.FineTuneSettings;
import org.invp.eval.FineTuning;
import org.invp.eval.LabelledViews;
import org.invp.eval.Score;
import org.invp.eval.TuningLoop;
import org.invp.eval.TuningRates;
import org.invp.internal.Text;
import org.invp.nn.Classifier.Statistics;
import org.invp.nn.Network;
import org.invp.train.LearningRateSchedule;
import org.invp.train.NetworkFolder;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp eval finetune}. */
@Command(
    name = "finetune",
    description =
        "Train the whole network on labels, those of another data set or of the run's own, and"
            + " report accuracy and mean accuracy per class. With --from-scratch the network starts"
            + " from fresh weights and follows the run's own schedule: the supervised baseline.",
    mixinStandardHelpOptions = true)
final class EvalFinetuneCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private EvalSession session;
  @Mixin private TuningOptions tuning;

  @Option(
      names = "--data",
      paramLabel = "FORMAT:PATH",
      description = "Another data set, for example folder:/data/flowers (default: the run's own).")
  private String data;

  @Option(names = "--from-scratch", description = "Start from fresh weights: no pre-training.")
  private boolean fromScratch;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Write the network that results, with its classifier as head, as a run folder that every"
              + " evaluation accepts.")
  private Path out;

  @Option(names = "--overwrite", description = "Delete the run that DIR holds.")
  private boolean overwrite;

  @Override
  public Integer call() {
    device.check();
    return session.run(device, dataOverrides(), this::evaluate);
  }

  /** How to train. */
  private record Plan(
      TuningLoop loop, TuningRates rates, LabelledViews views, Map<String, Object> settings) {}

  private void evaluate(TrainedRun trained, EvalProgress progress, Runnable betweenBatches) {
    TrainingConfig config = trained.config();
    try (ImageDataset train = Setup.labelledTrainingImages(config).labelled();
        ImageDataset test = Setup.labelledTestImages(config).labelled()) {
      Plan plan = fromScratch ? scratch(trained, train) : transfer(trained);
      if (fromScratch) {
        try (Network fresh =
            Network.create(
                trained.network().options(),
                session.seed(trained),
                trained.network().execution())) {
          train(trained, fresh, plan, config, train, test, progress, betweenBatches);
        }
      } else {
        train(trained, trained.network(), plan, config, train, test, progress, betweenBatches);
      }
    }
  }

  private void train(
      TrainedRun trained,
      Network network,
      Plan plan,
      TrainingConfig config,
      ImageDataset train,
      ImageDataset test,
      EvalProgress progress,
      Runnable betweenBatches) {
    try (NetworkFolder folder =
            out == null
                ? null
                : NetworkFolder.create(out, overwrite, tuned(config, plan, train.classes()));
        FineTuning finetuning =
            new FineTuning(
                network,
                train.classes(),
                plan.loop(),
                plan.rates(),
                plan.views(),
                folder == null ? progress : new Recording(progress, folder),
                betweenBatches)) {
      List<EpochReport> reports = finetuning.run(train, test);
      if (folder != null) {
        folder.save(network, finetuning.classifier());
      }
      output.write(session.run(), trained, result(plan, reports), EvalOutput.images(train, test));
    }
  }

  private Plan transfer(TrainedRun trained) {
    FineTuneSettings settings = tuning.apply(FineTuneSettings.transfer(session.seed(trained)));
    return new Plan(
        settings.loop(),
        settings.rates(),
        views(trained.config(), settings.crop(), settings.flip()),
        settings.describe());
  }

  /** As the run itself was trained: its epochs, batches, schedule, crops and flips. */
  private Plan scratch(TrainedRun trained, ImageDataset train) {
    TrainingConfig config = trained.config();
    OptimizerConfig optimizer = config.optimizer();
    TuningLoop loop =
        tuning.apply(
            new TuningLoop(
                config.training().epochs(),
                config.training().batchSize(),
                optimizer.momentum(),
                optimizer.nesterov(),
                optimizer.weightDecay(),
                Statistics.BATCH,
                1,
                session.seed(trained)));
    LearningRateSchedule schedule =
        new LearningRateSchedule(
            optimizer, loop.epochs(), Math.ceilDiv(train.size(), loop.batchSize()));
    double factor = tuning.rate() == null ? 1 : tuning.rate() / optimizer.learningRate();
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("from_scratch", true);
    settings.put("epochs", loop.epochs());
    settings.put("batch_size", loop.batchSize());
    settings.put("learning_rate", factor * optimizer.learningRate());
    settings.put("schedule", optimizer.schedule().name().toLowerCase(Locale.ROOT));
    settings.put("momentum", loop.momentum());
    settings.put("weight_decay", loop.weightDecay());
    settings.put("seed", loop.seed());
    Crop crop =
        new Crop(
            config.augmentation().cropScale().low(),
            config.augmentation().cropScale().high(),
            config.augmentation().cropRatio().low(),
            config.augmentation().cropRatio().high());
    return new Plan(
        loop,
        (epoch, step) -> factor * schedule.rate(epoch, step),
        views(config, crop, config.augmentation().flip()),
        settings);
  }

  private static LabelledViews views(TrainingConfig config, Crop crop, double flip) {
    return LabelledViews.cropsAndFlips(
        Setup.evaluationView(config),
        crop,
        flip,
        config.evaluation().batchSize(),
        config.data().resolvedWorkers());
  }

  private static EvalResult result(Plan plan, List<EpochReport> reports) {
    EpochReport last = reports.get(reports.size() - 1);
    return new EvalResult(
        "finetune",
        plan.settings(),
        List.of(
            new Score("network", "top1", last.testTop1()),
            new Score("network", "top5", last.testTop5()),
            new Score("network", "mean_per_class", last.testMeanPerClass())),
        Map.of("epochs", reports));
  }

  /** The run's settings with those of the network that is written. */
  private static TrainingConfig tuned(TrainingConfig config, Plan plan, int classes) {
    return ConfigFile.parse(
        "the settings of --out",
        ConfigFile.write(config),
        List.of(
            "network.dimension=" + classes,
            "network.head=linear",
            "network.head_batch_norm=false",
            "training.epochs=" + plan.loop().epochs(),
            "training.batch_size=" + plan.loop().batchSize()));
  }

  private List<String> dataOverrides() {
    if (data == null) {
      return List.of();
    }
    int colon = data.indexOf(':');
    if (colon <= 0 || colon == data.length() - 1) {
      throw new ParameterException(
          spec.commandLine(), Text.format("--data %s: expected FORMAT:PATH", data));
    }
    List<String> overrides = new ArrayList<>();
    overrides.add("data.format=" + data.substring(0, colon));
    overrides.add(Text.format("data.path='%s'", data.substring(colon + 1).replace("'", "''")));
    overrides.add("data.limit=0");
    overrides.add("evaluation.split=test");
    overrides.add("evaluation.held_out=0");
    return overrides;
  }

  /** Also writes every epoch into a folder. */
  private record Recording(EvalProgress shown, NetworkFolder folder) implements EvalProgress {
    @Override
    public void phase(String what) {
      shown.phase(what);
    }

    @Override
    public void epochStarted(int epoch, int epochs, int batches) {
      shown.epochStarted(epoch, epochs, batches);
    }

    @Override
    public void stepDone(int images, double meanLoss) {
      shown.stepDone(images, meanLoss);
    }

    @Override
    public void epochDone(EpochReport report) {
      folder.append(report);
      shown.epochDone(report);
    }
  }
}
