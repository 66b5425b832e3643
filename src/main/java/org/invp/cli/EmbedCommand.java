package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.InvpException;
import org.invp.config.TrainingConfig;
import org.invp.data.DataFormat;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.ReadImages;
import org.invp.eval.UnitRows;
import org.invp.internal.Text;
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
import picocli.CommandLine.ParameterException;
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

  /** What kind of file to write. */
  private enum Format {
    NPY,
    SAFETENSORS,
    PARQUET;

    static Format of(Path target, CommandSpec command) {
      String name = target.toString().toLowerCase(Locale.ROOT);
      for (Format format : values()) {
        if (name.endsWith("." + format.name().toLowerCase(Locale.ROOT))) {
          return format;
        }
      }
      throw new ParameterException(
          command.commandLine(),
          Text.format("--out %s: the ending is none of .npy, .safetensors and .parquet", target));
    }
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
          "The file to write, as its ending says: .npy, float32 [images, numbers] for NumPy;"
              + " .safetensors, the tensor embeddings, beside labels; .parquet, a row per image"
              + " with index, image, label, class and embedding. With data.on_corrupt=skip an image"
              + " that cannot be read has a row of zeros, in .parquet no embedding.")
  private Path target;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "How DATA is stored: ${COMPLETION-CANDIDATES} (default: as in training).")
  private DataFormat stored;

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
    Format format = Format.of(target, spec);
    requireFolder();
    device.check();
    try (TrainedRun trained = TrainedRun.open(run, overrides, device.chosen())) {
      TrainingConfig config = trained.config();
      int width =
          layer == Layer.EMBEDDING
              ? trained.network().embeddingDimension()
              : trained.network().featureDimension();
      try (ImageDataset images = ImageSource.open(List.of(data), stored, split, config);
          FloatTensor rows = FloatTensor.allocate(images.size(), width)) {
        images.remark().ifPresent(remark -> Errors.warn(spec.commandLine().getErr(), remark));
        ImageSource.doubt(images, config)
            .ifPresent(doubt -> Errors.warn(spec.commandLine().getErr(), doubt));
        boolean embedding = layer == Layer.EMBEDDING;
        ReadImages read =
            extractor(trained)
                .extract(images, embedding ? null : rows, embedding ? rows : null, () -> {});
        read.requireAny(images);
        read.blankOthers(rows);
        if (embedding) {
          UnitRows.scale(rows);
        }
        write(format, rows, images, read);
        UnreadableRows.warn(spec.commandLine().getErr(), read, images);
        spec.commandLine()
            .getOut()
            .printf(Locale.ROOT, "%s: %d x %d%n", target, images.size(), width);
      }
    }
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** Known before anything is computed, rather than after. */
  private void requireFolder() {
    Path folder = target.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new InvpException(
          Text.format(
              "could not write %s: %s",
              target,
              Files.isDirectory(folder)
                  ? "permission denied"
                  : Text.format("%s is no folder", folder)));
    }
  }

  private void write(Format format, FloatTensor rows, ImageDataset images, ReadImages read) {
    String what = layer.name().toLowerCase(Locale.ROOT);
    switch (format) {
      case NPY -> Npy.write(target, rows);
      case SAFETENSORS -> {
        int[] others = read.others();
        try (IntTensor labels = IntTensor.of(images.labels(), images.size());
            IntTensor unreadable = IntTensor.of(others, others.length)) {
          List<NamedTensor> tensors = new ArrayList<>();
          tensors.add(NamedTensor.of("embeddings", rows));
          tensors.add(NamedTensor.of("labels", labels));
          if (!read.all()) {
            tensors.add(NamedTensor.of("unreadable", unreadable));
          }
          Safetensors.write(target, Map.of("format", "pt", "layer", what), tensors);
        }
      }
      case PARQUET -> EmbeddingTable.write(target, rows, images, read, Map.of("layer", what));
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
