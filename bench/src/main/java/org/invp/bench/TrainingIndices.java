package org.invp.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.invp.InvpException;
import org.invp.config.ConfigFile;
import org.invp.config.DataConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.train.Setup;

/**
 * Prints which images of the training set a run learns from, an index a line: what the rivals of
 * {@code bench/peers} take as {@code --indices}, to see the same images.
 *
 * <p>{@code java -cp bench/target/benchmarks.jar org.invp.bench.TrainingIndices CONFIG
 * [KEY=VALUE]...}
 */
public final class TrainingIndices {
  private TrainingIndices() {}

  /** Prints, and ends the process with its exit code. */
  public static void main(String[] args) {
    if (args.length == 0) {
      System.err.println("usage: TrainingIndices CONFIG [KEY=VALUE]...");
      System.exit(2);
    }
    try {
      List<String> overrides = Arrays.asList(args).subList(1, args.length);
      for (int image : indices(ConfigFile.read(Path.of(args[0]), overrides))) {
        System.out.println(image);
      }
    } catch (InvpException e) {
      System.err.println("indices: " + e.getMessage());
      System.exit(1);
    }
  }

  private static int[] indices(TrainingConfig config) {
    DataConfig data = config.data();
    DataOptions options =
        new DataOptions(data.format(), Path.of(data.path()), data.formatOptions());
    try (ImageDataset whole = Datasets.open(options, Split.TRAIN)) {
      return Setup.division(config).training(whole.labels());
    }
  }
}
