package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.invp.InvalidDataException;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.nn.NetworkOptions;
import org.invp.weights.WeightsImport;

/** Settings for a network that was not trained here: its own from the file, the rest as chosen. */
final class ImportedConfig {
  /** Stands for the folder of images as long as nobody says where it is. */
  static final String NO_DATA = "unknown";

  private static final String DEFAULTS = Text.format("data: {format: folder, path: %s}%n", NO_DATA);

  private ImportedConfig() {}

  /**
   * The run's settings.
   *
   * @param base a recipe to take everything but the network from; null for the defaults
   * @param overrides of the command line
   */
  static TrainingConfig of(WeightsImport file, Path base, List<String> overrides) {
    NetworkOptions network = file.network().options();
    List<String> all = new ArrayList<>();
    if (base == null) {
      all.addAll(views(network));
    }
    if (file.graph() != null) {
      all.add("objective.neighbours=" + file.graph().shape()[1]);
    }
    for (String override : overrides) {
      if (override.strip().startsWith("network.")) {
        throw new ConfigException(
            Text.format("--set %s: the network is the file's and cannot be set", override));
      }
      all.add(override);
    }
    all.addAll(settings(network));
    TrainingConfig config =
        base == null ? ConfigFile.parse("import", DEFAULTS, all) : ConfigFile.read(base, all);
    int channels = config.augmentation().mean().size();
    if (channels != network.channels()) {
      throw new InvalidDataException(
          Text.format(
              "the network takes images of %d channels, augmentation.mean has %d values: set"
                  + " augmentation.mean and augmentation.std",
              network.channels(), channels));
    }
    return config;
  }

  private static List<String> settings(NetworkOptions network) {
    return List.of(
        "network.architecture=" + lower(network.architecture()),
        "network.stem=" + lower(network.stem()),
        "network.width=" + network.width(),
        "network.dimension=" + network.dimension(),
        "network.head=" + lower(network.head()),
        "network.head_hidden=" + network.headHidden(),
        "network.head_batch_norm=" + network.headBatchNorm());
  }

  /** Small images for a stem that is made for them, one mean for gray ones. */
  private static List<String> views(NetworkOptions network) {
    List<String> views = new ArrayList<>();
    if (network.stem() == NetworkOptions.Stem.CIFAR) {
      views.addAll(List.of("augmentation.size=32", "evaluation.resize=0", "evaluation.crop=32"));
    }
    if (network.channels() == 1) {
      views.addAll(List.of("augmentation.mean=[0.5]", "augmentation.std=[0.25]"));
    }
    return views;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
