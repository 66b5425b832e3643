package org.invp.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.nio.file.Path;
import org.invp.config.TrainingConfig;
import org.invp.data.TenCrop;
import org.invp.eval.FeatureCache;
import org.invp.eval.FeatureExtractor;
import org.invp.internal.Text;
import org.invp.train.Setup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How an evaluation computes the features of a frozen network, and where it keeps them. */
final class FeatureOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description = "Keep computed features here (default: RUN/eval/cache).")
  private Path folder;

  @Option(names = "--no-cache", description = "Compute features every time and keep none.")
  private boolean none;

  @Option(
      names = "--cache-limit",
      paramLabel = "GIB",
      description =
          "Delete the features unused for longest when all take more than that many GiB"
              + " (default: ${DEFAULT-VALUE}).")
  private double limit = FeatureCache.DEFAULT_BYTES / (double) (1L << 30);

  @Option(names = "--clear-cache", description = "Delete the features kept before.")
  private boolean clear;

  @Option(
      names = "--crops",
      paramLabel = "N",
      description =
          "Average an image's features over N crops: 1, the centre (default), or 10, the centre and"
              + " the corners, also mirrored.")
  private int crops = 1;

  /** Refuses values that make no sense, before anything is done. */
  void check() {
    require(crops == 1 || crops == TenCrop.CROPS, "--crops is %d, allowed: 1 or 10", crops);
    require(limit >= 0 && limit <= 1 << 20, "--cache-limit is %s, allowed: 0 to 1048576", limit);
    require(
        !none || (folder == null && !clear),
        "--no-cache and --cache or --clear-cache exclude each other");
  }

  @FormatMethod
  private void require(boolean valid, @FormatString String message, Object... values) {
    if (!valid) {
      throw new ParameterException(command.commandLine(), Text.format(message, values));
    }
  }

  /** The number of crops of an image, 1 or 10. */
  int crops() {
    return crops;
  }

  /** Computes features of a run's network as its settings and the options say. */
  FeatureExtractor extractor(TrainedRun trained) {
    TrainingConfig config = trained.config();
    return new FeatureExtractor(
        trained.network(),
        Setup.evaluationView(config),
        crops,
        config.evaluation().batchSize(),
        config.data().resolvedWorkers());
  }

  /** The cache that was asked for, emptied if that was asked for too. */
  FeatureCache open(Path run) {
    if (none) {
      return FeatureCache.none();
    }
    Path place = folder != null ? folder : EvalOutput.folder(run).resolve("cache");
    FeatureCache cache = FeatureCache.in(place, (long) (limit * (1L << 30)));
    if (clear) {
      cache.clear();
    }
    return cache;
  }
}
