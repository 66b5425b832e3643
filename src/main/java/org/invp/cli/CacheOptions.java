package org.invp.cli;

import java.nio.file.Path;
import org.invp.eval.FeatureCache;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where an evaluation keeps the features of a frozen network. */
final class CacheOptions {
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

  /** The cache that was asked for, emptied if that was asked for too. */
  FeatureCache open(Path run) {
    if (none && (folder != null || clear)) {
      throw new ParameterException(
          command.commandLine(), "--no-cache and --cache or --clear-cache exclude each other");
    }
    if (!(limit >= 0 && limit <= 1 << 20)) {
      throw new ParameterException(
          command.commandLine(), "--cache-limit is %s, allowed: 0 to 1048576".formatted(limit));
    }
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
