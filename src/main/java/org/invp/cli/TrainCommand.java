package org.invp.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.invp.bank.Device;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.train.CheckpointFiles;
import org.invp.train.Outcome;
import org.invp.train.ResumeRules;
import org.invp.train.RunFolder;
import org.invp.train.RunFolder.Existing;
import org.invp.train.Setup;
import org.invp.train.StopRequest;
import org.invp.train.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp train}. */
@Command(
    name = "train",
    description = "Train a network; a run that was stopped goes on with --resume.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;

  @Parameters(
      arity = "0..1",
      paramLabel = "CONFIG",
      description = "The settings, a YAML file; with --resume it may be left out.")
  private Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace one setting, for example training.epochs=3; may be repeated.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--run-dir",
      paramLabel = "DIR",
      description = "The run's folder (default: runs/ and the name of CONFIG).")
  private Path runDir;

  @Option(
      names = "--resume",
      description = "Go on where the run in the folder stopped, with its settings.")
  private boolean resume;

  @Option(
      names = "--checkpoint",
      paramLabel = "WHICH",
      description =
          "With --resume, the checkpoint to go on from: latest, previous (the one before it) or"
              + " best (of the highest kNN accuracy). The latest is set aside then.")
  private CheckpointFiles.Which checkpoint = CheckpointFiles.Which.LATEST;

  @Option(names = "--overwrite", description = "Delete the run that the folder holds.")
  private boolean overwrite;

  @Override
  public Integer call() {
    device.check();
    if (resume && overwrite) {
      throw new ParameterException(
          spec.commandLine(), "--resume and --overwrite exclude each other");
    }
    if (checkpoint != CheckpointFiles.Which.LATEST && !resume) {
      throw new ParameterException(spec.commandLine(), "--checkpoint needs --resume");
    }
    Path path = folder();
    TrainingConfig settings = settings(path);
    device.choose(Device.parse(settings.training().device()));
    Existing existing = resume ? Existing.RESUME : overwrite ? Existing.OVERWRITE : Existing.REFUSE;
    try (ImageDataset train = Setup.trainingImages(settings);
        ImageDataset test = Setup.testImages(settings);
        RunFolder folder = open(path, existing, settings, train);
        LogFile log = new LogFile(folder.log())) {
      folder.checkpoints().goBackTo(checkpoint);
      return log.recordingFailures(() -> train(settings, folder, train, test));
    }
  }

  private int train(
      TrainingConfig settings, RunFolder folder, ImageDataset train, ImageDataset test) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "training on %,d images, testing on %,d; run folder %s%n",
        train.size(), test.size(), folder.path());
    StopRequest stop = new StopRequest();
    try (StopOnSignal signals = new StopOnSignal(stop);
        ConsoleListener listener = listener(settings, test.size());
        Trainer trainer = new Trainer(settings, folder, train, test, stop, listener)) {
      if (trainer.run() == Outcome.COMPLETE) {
        out.println("run folder: " + folder.path());
        return 0;
      }
      listener.endLine();
      out.printf(
          "stopped and saved; go on with: invp train --resume --run-dir %s%n", folder.path());
      return signals.exitCode();
    }
  }

  private ConsoleListener listener(TrainingConfig settings, int testImages) {
    return new ConsoleListener(
        settings,
        testImages,
        spec.commandLine().getOut(),
        spec.commandLine().getErr(),
        LiveBar.hasTerminal() ? new LiveBar(System.err) : null);
  }

  /** A run that goes on keeps its own settings; CONFIG must agree with them in what matters. */
  private TrainingConfig settings(Path path) {
    Path own = path.resolve(RunFolder.CONFIG);
    if (!resume || !Files.exists(own)) {
      return ConfigFile.read(config != null ? config : own, device.overriding(overrides));
    }
    if (config != null) {
      ResumeRules.check(
          path,
          ConfigFile.read(own, List.of()),
          ConfigFile.read(config, device.overriding(overrides)));
    }
    return ConfigFile.read(own, device.overriding(overrides));
  }

  /** Settings that do not fit the data are refused before anything is written. */
  private RunFolder open(
      Path path, Existing existing, TrainingConfig settings, ImageDataset train) {
    try {
      settings.checkAgainst(train.size(), train.channels());
    } catch (ConfigException e) {
      throw new ConfigException((config != null ? config : path) + ": " + e.getMessage(), e);
    }
    return RunFolder.open(path, existing);
  }

  private Path folder() {
    if (runDir != null) {
      if (config == null && !resume) {
        throw new ParameterException(spec.commandLine(), "CONFIG is missing");
      }
      return runDir;
    }
    if (config == null) {
      throw new ParameterException(
          spec.commandLine(), resume ? "CONFIG or --run-dir is missing" : "CONFIG is missing");
    }
    String name = config.getFileName().toString();
    return Path.of("runs", name.replaceFirst("\\.[^.]*$", ""));
  }
}
