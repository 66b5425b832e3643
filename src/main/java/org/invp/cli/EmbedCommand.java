package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.invp.config.DataConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.DataFormat;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.FolderDataset;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.UnitRows;
import org.invp.io.Npy;
import org.invp.tensor.FloatTensor;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp embed}. */
@Command(
    name = "embed",
    description = "Write the embeddings of a data set's images, image i to row i, as a NumPy file.",
    mixinStandardHelpOptions = true)
final class EmbedCommand implements Callable<Integer> {
  /** Which output of the network to write. */
  enum Layer {
    /** The head's output, scaled to length 1, as the memory bank holds it. */
    EMBEDDING,
    /** The backbone's output, as it is. */
    BACKBONE
  }

  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;

  @Parameters(paramLabel = "RUN", description = "A run folder, or a checkpoint.")
  private Path run;

  @Parameters(
      paramLabel = "DATA",
      description =
          "The folder of a data set; of images, one folder per class with or without splits.")
  private Path data;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.npy",
      description = "The file to write: float32 [images, numbers].")
  private Path target;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "How DATA is stored: ${COMPLETION-CANDIDATES} (default: as in training).")
  private DataFormat format;

  @Option(
      names = "--split",
      paramLabel = "SPLIT",
      description = "${COMPLETION-CANDIDATES} (default: test).")
  private Split split = Split.TEST;

  @Option(
      names = "--layer",
      paramLabel = "LAYER",
      description =
          "${COMPLETION-CANDIDATES} (default: embedding, scaled to length 1; the backbone's"
              + " features are not scaled).")
  private Layer layer = Layer.EMBEDDING;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one of the run's settings, for example evaluation.crop=32.")
  private List<String> overrides = new ArrayList<>();

  @Override
  public Integer call() {
    device.check();
    try (TrainedRun trained = TrainedRun.open(run, overrides)) {
      TrainingConfig config = trained.config();
      int width =
          layer == Layer.EMBEDDING
              ? trained.network().embeddingDimension()
              : trained.network().featureDimension();
      try (ImageDataset images = images(config);
          FloatTensor rows = FloatTensor.allocate(images.size(), width)) {
        boolean embedding = layer == Layer.EMBEDDING;
        extractor(trained)
            .extract(images, embedding ? null : rows, embedding ? rows : null, () -> {});
        if (embedding) {
          UnitRows.scale(rows);
        }
        Npy.write(target, rows);
        spec.commandLine()
            .getOut()
            .printf(Locale.ROOT, "%s: %d x %d%n", target, images.size(), width);
      }
    }
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** A folder need not have splits: it may hold the classes themselves. */
  private ImageDataset images(TrainingConfig config) {
    DataFormat stored = format != null ? format : config.data().format();
    boolean splits =
        Stream.of("train", "val", "test").anyMatch(name -> Files.isDirectory(data.resolve(name)));
    return stored == DataFormat.FOLDER && !splits
        ? FolderDataset.open(data)
        : Datasets.open(options(config.data(), stored), split);
  }

  /** The settings of the run's format hold for other data of the same format. */
  private DataOptions options(DataConfig trained, DataFormat stored) {
    return stored == trained.format()
        ? new DataOptions(stored, data, 0, trained.formatOptions())
        : new DataOptions(stored, data, 0);
  }

  private static FeatureExtractor extractor(TrainedRun trained) {
    TrainingConfig config = trained.config();
    return new FeatureExtractor(
        trained.network(),
        Setup.evaluationView(config),
        config.evaluation().batchSize(),
        config.data().resolvedWorkers());
  }
}
