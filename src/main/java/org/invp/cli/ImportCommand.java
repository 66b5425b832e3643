package org.invp.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.nn.NetworkOptions;
import org.invp.train.ForeignCheckpoint;
import org.invp.train.RunFolder;
import org.invp.weights.HeadKind;
import org.invp.weights.WeightsImport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp import}. */
@Command(
    name = "import",
    description =
        "Make a run folder of another program's network: safetensors under torchvision's names, or"
            + " a checkpoint of PyTorch. Nothing in the file is executed.",
    mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "A .safetensors, .pth, .pt or .pth.tar file.")
  private Path file;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The run folder to make.")
  private Path target;

  @Option(
      names = "--config",
      paramLabel = "CONFIG",
      description =
          "A recipe to take data, views and training from (default: the built-in values).")
  private Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set a setting, for example data.path=/data/imagenet; not those of network.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--architecture",
      paramLabel = "NAME",
      description = "Refuse the file if it is another: ${COMPLETION-CANDIDATES}.")
  private NetworkOptions.Architecture architecture;

  @Option(
      names = "--prefix",
      paramLabel = "TEXT",
      description = "What the network's names start with, if the file has several networks.")
  private String prefix;

  @Option(
      names = "--head",
      paramLabel = "NAME",
      description = "The head's name (default: fc, linear or head); none leaves it out.")
  private String head;

  @Option(
      names = "--bank",
      paramLabel = "KEY",
      description = "The memory bank's name, if it is not found by itself.")
  private String bank;

  @Option(
      names = "--graph",
      paramLabel = "KEY",
      description = "The neighbour graph's name, if it is not found by itself.")
  private String graph;

  @Override
  public Integer call() {
    try (WeightsImport imported =
        WeightsImport.read(file, new WeightsImport.Choice(prefix, head, bank, graph))) {
      NetworkOptions options = imported.network().options();
      if (architecture != null && options.architecture() != architecture) {
        throw new InvalidDataException(
            Text.format(
                "%s holds a %s, not a %s",
                file, lower(options.architecture()), lower(architecture)));
      }
      TrainingConfig settings = ImportedConfig.of(imported, config, overrides);
      write(imported, settings);
      print(imported, settings);
    }
    return 0;
  }

  private void write(WeightsImport imported, TrainingConfig settings) {
    try (RunFolder folder = RunFolder.open(target, RunFolder.Existing.REFUSE);
        Arena arena = Arena.ofConfined()) {
      if (complete(imported)) {
        ForeignCheckpoint.write(
            folder.checkpoint(),
            settings,
            imported.network().state(arena),
            imported.momentum(),
            imported.bank(),
            imported.graph(),
            imported.epoch());
      }
      imported.network().save(folder.weights());
      AtomicFile.writeString(folder.config(), ConfigFile.write(settings));
    }
  }

  private static boolean complete(WeightsImport imported) {
    return imported.bank() != null && imported.graph() != null;
  }

  private void print(WeightsImport imported, TrainingConfig settings) {
    NetworkOptions options = imported.network().options();
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s: %s, stem %s, width %d, %d channels%s%n",
        file,
        lower(options.architecture()),
        lower(options.stem()),
        options.width(),
        options.channels(),
        imported.prefix().isEmpty() ? "" : ", found under " + imported.prefix());
    out.println(head(imported));
    if (imported.headKind() == HeadKind.UNCERTAIN) {
      Errors.warn(
          spec.commandLine().getErr(),
          Text.format(
              "%s is one layer of %d outputs, which is taken for a head that makes embeddings; if it"
                  + " is a classifier's, --head none leaves it out (--head %s says that it is not)",
              imported.head(), options.dimension(), imported.head()));
    }
    out.println(rest(imported));
    if (settings.data().path().equals(ImportedConfig.NO_DATA)) {
      out.println("no data set yet: name it in config.yaml or with --set data.path=DIR");
    }
    out.println("run folder: " + target);
    out.flush();
  }

  private static String head(WeightsImport imported) {
    NetworkOptions options = imported.network().options();
    if (imported.headKind() == HeadKind.CLASSIFIER) {
      return Text.format(
          "the head has 1000 outputs, the classes of ImageNet, and is left out: the embedding is the"
              + " backbone's features, %d numbers; --head fc takes it all the same",
          options.dimension());
    }
    return imported.head().isEmpty()
        ? Text.format(
            "no head: the embedding is the backbone's features, %d numbers", options.dimension())
        : Text.format(
            "head %s: %s%s, embeddings of %d numbers",
            imported.head(),
            lower(options.head()),
            options.headBatchNorm() ? " with batch norm" : "",
            options.dimension());
  }

  private static String rest(WeightsImport imported) {
    if (complete(imported)) {
      return Text.format(
          "memory bank %s, neighbour graph %s, %s: train --resume goes on with epoch %d",
          imported.bank(),
          imported.graph(),
          imported.momentum().isEmpty() ? "no momentum" : "momentum",
          imported.epoch());
    }
    return imported.bank() == null
        ? "no memory bank: weights only"
        : Text.format("memory bank %s but no neighbour graph: weights only", imported.bank());
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
