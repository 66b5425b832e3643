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
import java.util.stream.IntStream;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.data.SharedImages;
import org.invp.eval.Accuracy;
import org.invp.eval.Confusion;
import org.invp.eval.EvalResult;
import org.invp.eval.KnnEvaluation;
import org.invp.eval.KnnResult;
import org.invp.eval.Score;
import org.invp.internal.Text;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp eval knn}. */
@Command(
    name = "knn",
    description =
        "Classify the test images by their nearest training images; published settings are k = 200"
            + " and sigma = 0.07.",
    mixinStandardHelpOptions = true)
final class EvalKnnCommand implements Callable<Integer> {
  /** What represents the training images. */
  enum Representation {
    /** Their rows of the memory bank. */
    BANK,
    /** Embeddings computed anew. */
    EMBEDDING,
    /** The backbone's features, computed anew. */
    BACKBONE,
    /** The raw pixels. */
    PIXELS
  }

  private static final int LARGEST_MATRIX = 200;

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;
  @Mixin private EvalOutput output;
  @Mixin private FeatureOptions features;

  @Parameters(paramLabel = "RUN", description = "A run folder, or a checkpoint.")
  private Path run;

  @Option(
      names = "--features",
      split = ",",
      paramLabel = "WHAT",
      description =
          "What represents an image: ${COMPLETION-CANDIDATES} (default: bank,embedding,backbone;"
              + " without a checkpoint there is no bank).")
  private Set<Representation> representations;

  @Option(
      names = "--also-k",
      split = ",",
      paramLabel = "K",
      description =
          "Further numbers of voters, from the same search (default: evaluation.also_k of the"
              + " run).")
  private List<Integer> alsoK;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one of the run's settings, for example evaluation.k=20.")
  private List<String> overrides = new ArrayList<>();

  @Override
  public Integer call() {
    device.check();
    features.check();
    if (alsoK != null && alsoK.stream().anyMatch(k -> k < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--also-k is " + alsoK + ", allowed: at least 1");
    }
    try (TrainedRun trained = TrainedRun.open(run, overrides, device.chosen());
        LogFile log = EvalOutput.log(run);
        ImageDataset train = Setup.labelledTrainingImages(trained.config());
        ImageDataset test = Setup.labelledTestImages(trained.config())) {
      BankEngine engine = trained.engine();
      KnnEvaluation knn =
          new KnnEvaluation(
              engine, train, test, protocol(trained.config()), features.open(run), () -> {});
      remarks(train, test, knn).forEach(remark -> Errors.warn(spec.commandLine().getErr(), remark));
      Map<Representation, KnnResult> results =
          log.recordingFailures(() -> measure(trained, knn, engine, train));
      output.write(
          run,
          trained,
          result(protocol(trained.config()), train, results),
          EvalOutput.images(train, test));
    }
    return 0;
  }

  /** What makes the accuracies less than they seem. */
  private static List<String> remarks(ImageDataset train, ImageDataset test, KnnEvaluation knn) {
    List<String> remarks = new ArrayList<>();
    train.remark().ifPresent(remarks::add);
    test.remark().ifPresent(remarks::add);
    SharedImages.remark(train, test).ifPresent(remarks::add);
    if (knn.sharedClasses() < 2) {
      remarks.add(
          Text.format(
              "training and test images have %d class%s in common: an accuracy says nothing of what"
                  + " represents them",
              knn.sharedClasses(), knn.sharedClasses() == 1 ? "" : "es"));
    }
    return remarks;
  }

  private KnnEvaluation.Protocol protocol(TrainingConfig config) {
    KnnEvaluation.Protocol own = Setup.knnProtocol(config).withCrops(features.crops());
    return alsoK == null ? own : own.withAlsoK(alsoK.stream().sorted().distinct().toList());
  }

  private Map<Representation, KnnResult> measure(
      TrainedRun trained, KnnEvaluation knn, BankEngine engine, ImageDataset train) {
    Set<Representation> asked = representations(trained);
    Map<Representation, KnnResult> results = new LinkedHashMap<>();
    if (asked.contains(Representation.BANK)) {
      int dimension = trained.config().network().dimension();
      try (MemoryBank bank = MemoryBank.create(train.size(), dimension, engine)) {
        trained
            .checkpoint()
            .compareImages(train, trained.config().data().folders())
            .ifPresent(doubt -> Errors.warn(spec.commandLine().getErr(), doubt));
        trained.checkpoint().copyBank(bank.embeddings());
        results.put(Representation.BANK, knn.againstBank(trained.network(), bank));
      }
    }
    if (asked.contains(Representation.BACKBONE)) {
      KnnEvaluation.NetworkResults both = knn.bothOutputs(trained.network());
      if (asked.contains(Representation.EMBEDDING)) {
        results.put(Representation.EMBEDDING, both.embedding());
      }
      results.put(Representation.BACKBONE, both.backbone());
    } else if (asked.contains(Representation.EMBEDDING)) {
      results.put(Representation.EMBEDDING, knn.recomputed(trained.network()));
    }
    if (asked.contains(Representation.PIXELS)) {
      results.put(Representation.PIXELS, knn.pixels());
    }
    return results;
  }

  private Set<Representation> representations(TrainedRun trained) {
    if (representations != null) {
      return representations;
    }
    Set<Representation> usual = EnumSet.of(Representation.EMBEDDING, Representation.BACKBONE);
    if (trained.hasCheckpoint()) {
      usual.add(Representation.BANK);
    }
    return usual;
  }

  private EvalResult result(
      KnnEvaluation.Protocol protocol, ImageDataset train, Map<Representation, KnnResult> results) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("k", protocol.k());
    settings.put("also_k", protocol.alsoK());
    settings.put("sigma", protocol.sigma());
    settings.put("crops", protocol.crops());
    List<Score> scores = new ArrayList<>();
    Map<String, Object> confusions = new LinkedHashMap<>();
    Map<String, Object> perClass = new LinkedHashMap<>();
    results.forEach(
        (what, result) -> {
          Accuracy accuracy = result.accuracy();
          scores.add(new Score(name(what), "top1", accuracy.top1()));
          scores.add(new Score(name(what), "top5", accuracy.top5()));
          result
              .top1ByK()
              .forEach(
                  (k, top1) -> {
                    if (k != protocol.k()) {
                      scores.add(new Score(name(what), "top1_k" + k, top1));
                    }
                  });
          if (result.abstained() > 0) {
            scores.add(
                new Score(name(what), "no_vote", (double) result.abstained() / accuracy.images()));
          }
          Confusion confusion = new Confusion(result.truth(), result.predictions());
          confusions.put(name(what), described(confusion, train.classes()));
          perClass.put(name(what), perClass(confusion, train.classes()));
        });
    Map<String, Object> extra = new LinkedHashMap<>();
    extra.put("classes", train.classNames());
    extra.put("confusion", confusions);
    extra.put("per_class", perClass);
    return new EvalResult("knn", settings, scores, extra);
  }

  /** A matrix of few classes; of many what occurs, as [truth, prediction, images]. */
  private static Object described(Confusion confusion, int classes) {
    return classes <= LARGEST_MATRIX
        ? confusion.matrix(classes)
        : confusion.counts().stream()
            .map(count -> List.of(count.truth(), count.predicted(), count.images()))
            .toList();
  }

  /** The share of each class's images that were recognised; null for a class without images. */
  private static List<Double> perClass(Confusion confusion, int classes) {
    Map<Integer, Double> shares = confusion.recognised();
    return IntStream.range(0, classes).mapToObj(shares::get).toList();
  }

  private static String name(Representation representation) {
    return representation.name().toLowerCase(Locale.ROOT);
  }
}
