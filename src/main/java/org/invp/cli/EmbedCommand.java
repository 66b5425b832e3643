package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.config.TrainingConfig;
import org.invp.data.DataFormat;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.UnitRows;
import org.invp.io.NamedTensor;
import org.invp.io.Npy;
import org.invp.io.Safetensors;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
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
    description = "Write the embeddings of a data set's images, image i to row i.",
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
      paramLabel = "FILE",
      description =
          "The file to write: float32 [images, numbers], for NumPy; with the ending .safetensors as"
              + " the tensor embeddings, beside labels.")
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
    device.announceNetwork();
    try (TrainedRun trained = TrainedRun.open(run, overrides)) {
      TrainingConfig config = trained.config();
      int width =
          layer == Layer.EMBEDDING
              ? trained.network().embeddingDimension()
              : trained.network().featureDimension();
      try (ImageDataset images = ImageSource.open(data, format, split, config);
          FloatTensor rows = FloatTensor.allocate(images.size(), width)) {
        boolean embedding = layer == Layer.EMBEDDING;
        extractor(trained)
            .extract(images, embedding ? null : rows, embedding ? rows : null, () -> {});
        if (embedding) {
          UnitRows.scale(rows);
        }
        write(rows, images);
        spec.commandLine()
            .getOut()
            .printf(Locale.ROOT, "%s: %d x %d%n", target, images.size(), width);
      }
    }
    spec.commandLine().getOut().flush();
    return 0;
  }

  private void write(FloatTensor rows, ImageDataset images) {
    if (!target.toString().endsWith(".safetensors")) {
      Npy.write(target, rows);
      return;
    }
    try (IntTensor labels = IntTensor.of(images.labels(), images.size())) {
      Safetensors.write(
          target,
          Map.of("format", "pt", "layer", layer.name().toLowerCase(Locale.ROOT)),
          List.of(NamedTensor.of("embeddings", rows), NamedTensor.of("labels", labels)));
    }
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
