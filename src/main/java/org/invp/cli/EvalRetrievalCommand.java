package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.data.ImageDataset;
import org.invp.eval.EvalResult;
import org.invp.eval.FeatureCache;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.NetworkFeatures;
import org.invp.eval.NetworkOutput;
import org.invp.eval.Retrieval;
import org.invp.eval.Score;
import org.invp.eval.UnitRows;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp eval retrieval}. */
@Command(
    name = "retrieval",
    description =
        "Search for test images by other test images: how often is one of the class among the K"
            + " most similar ones; published are K = 1, 5 and 10.",
    mixinStandardHelpOptions = true)
final class EvalRetrievalCommand implements Callable<Integer> {
  /** Among which images is searched. */
  enum Gallery {
    /** The other test images. */
    TEST,
    /** The training images. */
    TRAIN
  }

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private FeatureOptions features;

  @Parameters(paramLabel = "RUN", description = "A run folder, or a checkpoint.")
  private Path run;

  @Option(
      names = "--gallery",
      paramLabel = "WHERE",
      description = "Where to search: ${COMPLETION-CANDIDATES} (default: test).")
  private Gallery gallery = Gallery.TEST;

  @Option(
      names = "--features",
      split = ",",
      paramLabel = "WHAT",
      description = "What represents an image: ${COMPLETION-CANDIDATES} (default: both).")
  private Set<NetworkOutput> outputs = EnumSet.allOf(NetworkOutput.class);

  @Option(
      names = "--at",
      split = ",",
      paramLabel = "K",
      description = "The numbers of similar images to look at (default: 1,5,10).")
  private List<Integer> ks = Retrieval.PUBLISHED_K;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one of the run's settings, for example evaluation.crop=32.")
  private List<String> overrides = new ArrayList<>();

  @Override
  public Integer call() {
    device.check();
    features.check();
    if (ks.stream().anyMatch(k -> k < 1)) {
      throw new ParameterException(spec.commandLine(), "--at is " + ks + ", allowed: at least 1");
    }
    try (TrainedRun trained = TrainedRun.open(run, overrides, device.chosen());
        LogFile log = EvalOutput.log(run)) {
      log.recordingFailures(
          () -> {
            evaluate(trained, trained.engine());
            return 0;
          });
    }
    return 0;
  }

  private void evaluate(TrainedRun trained, BankEngine engine) {
    FeatureExtractor extractor = features.extractor(trained);
    FeatureCache cache = features.open(run);
    try (ImageDataset test = Setup.labelledTestImages(trained.config()).labelled();
        NetworkFeatures queries = compute(test, extractor, cache)) {
      if (gallery == Gallery.TEST) {
        output.write(
            run,
            trained,
            judge(engine, queries, queries),
            EvalOutput.images("queries", test, "gallery_images", test));
        return;
      }
      try (ImageDataset train = Setup.labelledTrainingImages(trained.config()).labelled();
          NetworkFeatures answers = compute(train, extractor, cache)) {
        output.write(
            run,
            trained,
            judge(engine, queries, answers),
            EvalOutput.images("queries", test, "gallery_images", train));
      }
    }
  }

  private NetworkFeatures compute(
      ImageDataset images, FeatureExtractor extractor, FeatureCache cache) {
    NetworkFeatures computed = NetworkFeatures.of(images, extractor, cache, outputs, () -> {});
    outputs.forEach(which -> UnitRows.scale(computed.rows(which)));
    return computed;
  }

  private EvalResult judge(BankEngine engine, NetworkFeatures queries, NetworkFeatures answers) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("gallery", name(gallery));
    settings.put("crops", features.crops());
    List<Score> scores = new ArrayList<>();
    for (NetworkOutput which : outputs) {
      try (MemoryBank bank =
          MemoryBank.create(answers.images().size(), (int) queries.rows(which).shape(1), engine)) {
        bank.embeddings().copyFrom(answers.rows(which));
        Retrieval.Result result =
            new Retrieval(bank, answers.images().labels(), gallery == Gallery.TEST)
                .evaluate(queries.rows(which), queries.images().labels(), ks, () -> {});
        settings.put("queries_left_out", result.leftOut());
        for (int i = 0; i < ks.size(); i++) {
          scores.add(new Score(name(which), "recall@" + ks.get(i), result.recall().get(i)));
        }
        if (!Double.isNaN(result.meanAveragePrecision())) {
          scores.add(new Score(name(which), "map@r", result.meanAveragePrecision()));
        }
      }
    }
    return new EvalResult("retrieval", settings, scores);
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
