package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;
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
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.eval.Accuracy;
import org.invp.eval.KnnEvaluation;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;

  @Parameters(paramLabel = "RUN", description = "A run folder, or a checkpoint.")
  private Path run;

  @Option(
      names = "--features",
      split = ",",
      paramLabel = "WHAT",
      description =
          "What represents an image: ${COMPLETION-CANDIDATES} (default: bank,embedding,backbone).")
  private Set<Representation> features =
      EnumSet.of(Representation.BANK, Representation.EMBEDDING, Representation.BACKBONE);

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one of the run's settings, for example evaluation.k=20.")
  private List<String> overrides = new ArrayList<>();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    device.check();
    try (TrainedRun trained = TrainedRun.open(run, overrides);
        ImageDataset train = Setup.trainingImages(trained.config());
        ImageDataset test = Setup.testImages(trained.config());
        BankEngine engine = BankEngine.cpu(trained.config().training().resolvedThreads())) {
      KnnEvaluation knn =
          new KnnEvaluation(engine, train, test, Setup.knnProtocol(trained.config()), () -> {});
      print(trained.config(), train.size(), test.size(), measure(trained, knn, engine, train));
    }
    return 0;
  }

  private Map<Representation, Accuracy> measure(
      TrainedRun trained, KnnEvaluation knn, BankEngine engine, ImageDataset train) {
    Map<Representation, Accuracy> results = new LinkedHashMap<>();
    if (features.contains(Representation.BANK)) {
      int dimension = trained.config().network().dimension();
      try (MemoryBank bank = MemoryBank.create(train.size(), dimension, engine)) {
        trained.checkpoint().copyBank(bank.embeddings().segment(), train.size(), dimension);
        results.put(Representation.BANK, knn.againstBank(trained.network(), bank));
      }
    }
    if (features.contains(Representation.BACKBONE)) {
      KnnEvaluation.NetworkAccuracy both = knn.bothOutputs(trained.network());
      if (features.contains(Representation.EMBEDDING)) {
        results.put(Representation.EMBEDDING, both.embedding());
      }
      results.put(Representation.BACKBONE, both.backbone());
    } else if (features.contains(Representation.EMBEDDING)) {
      results.put(Representation.EMBEDDING, knn.recomputed(trained.network()));
    }
    if (features.contains(Representation.PIXELS)) {
      results.put(Representation.PIXELS, knn.pixels());
    }
    return results;
  }

  private void print(
      TrainingConfig config, int train, int test, Map<Representation, Accuracy> results)
      throws JsonProcessingException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("run", run.toString());
      object.put("k", config.evaluation().k());
      object.put("sigma", config.evaluation().sigma());
      object.put("train_images", train);
      object.put("test_images", test);
      results.forEach(
          (what, accuracy) ->
              object.put(name(what), Map.of("top1", accuracy.top1(), "top5", accuracy.top5())));
      out.println(JsonMapper.builder().build().writeValueAsString(object));
    } else {
      out.printf(
          Locale.ROOT,
          "kNN (k = %d, sigma = %s, %,d training and %,d test images)%n",
          config.evaluation().k(),
          config.evaluation().sigma(),
          train,
          test);
      out.printf("  %-12s%9s%9s%n", "", "top-1", "top-5");
      results.forEach(
          (what, accuracy) ->
              out.printf(
                  Locale.ROOT,
                  "  %-12s%7.2f %%%7.2f %%%n",
                  name(what),
                  100 * accuracy.top1(),
                  100 * accuracy.top5()));
    }
    out.flush();
  }

  private static String name(Representation representation) {
    return representation.name().toLowerCase(Locale.ROOT);
  }
}
