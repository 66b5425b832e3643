package org.invp.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.invp.data.DataFormat;
import org.invp.data.Split;
import org.invp.weights.HeadNames;
import org.invp.weights.WeightsExport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp export}. */
@Command(
    name = "export",
    description = "Write a run's weights, or its features of a data set, for other programs.",
    mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
  /** What to write. */
  enum Format {
    /** Torchvision's names in a safetensors file. */
    SAFETENSORS,
    /** Torchvision's names in a PyTorch checkpoint. */
    TORCHVISION,
    /** Detectron2's names in a pickle. */
    DETECTRON2,
    /** No weights: features, embeddings, ids and labels as arrays. */
    ONNX_FREE_FEATURES;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "A run folder, or a checkpoint.")
  private Path run;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = "${COMPLETION-CANDIDATES}.")
  private Format format;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The file to write; for onnx-free-features a folder.")
  private Path target;

  @Option(
      names = "--head",
      paramLabel = "WHAT",
      description =
          "What becomes of the head: ${COMPLETION-CANDIDATES} (default: none: it is left out; head:"
              + " written as head.*; fc: as fc.*, in the place of torchvision's classifier).")
  private HeadNames head;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description = "The data set for onnx-free-features (default: the run's).")
  private Path data;

  @Option(
      names = "--data-format",
      paramLabel = "FORMAT",
      description = "How DATA is stored: ${COMPLETION-CANDIDATES} (default: as in training).")
  private DataFormat dataFormat;

  @Option(
      names = "--split",
      paramLabel = "SPLIT",
      description = "For onnx-free-features: ${COMPLETION-CANDIDATES} (default: test).")
  private Split split;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one of the run's settings, for example evaluation.crop=32.")
  private List<String> overrides = new ArrayList<>();

  @Override
  public Integer call() {
    refuseWhatHasNoUse();
    HeadNames names = head == null ? HeadNames.NONE : head;
    try (TrainedRun trained = TrainedRun.open(run, overrides)) {
      switch (format) {
        case SAFETENSORS -> WeightsExport.safetensors(target, trained.network(), names);
        case TORCHVISION -> WeightsExport.torchvision(target, trained.network(), names);
        case DETECTRON2 -> WeightsExport.detectron2(target, trained.network());
        case ONNX_FREE_FEATURES ->
            new FeatureExport(trained, data, dataFormat, split == null ? Split.TEST : split)
                .write(target, spec.commandLine().getErr());
      }
    }
    spec.commandLine().getOut().println(target + summary(names));
    spec.commandLine().getOut().flush();
    return 0;
  }

  private String summary(HeadNames names) {
    if (format == Format.ONNX_FREE_FEATURES) {
      return ": features.npy, embeddings.npy, ids.npy, labels.npy, images.txt, features.json";
    }
    return switch (names) {
      case NONE -> ": the backbone without its head";
      case HEAD -> ": the backbone, and its head as head.*";
      case FC -> ": the backbone, and its head as fc.*";
    };
  }

  private void refuseWhatHasNoUse() {
    boolean features = format == Format.ONNX_FREE_FEATURES;
    if (!features && (data != null || dataFormat != null || split != null)) {
      throw unused("--data, --data-format and --split are for --format onnx-free-features");
    }
    if (head != null && (features || format == Format.DETECTRON2)) {
      throw unused("--head is for --format safetensors and torchvision");
    }
  }

  private ParameterException unused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
