package org.invp.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.invp.bank.Device;
import org.invp.bank.Shard;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.SharedImages;
import org.invp.distributed.Membership;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.RankLostException;
import org.invp.internal.Text;
import org.invp.nn.TorchRuntime;
import org.invp.train.Checkpoint;
import org.invp.train.CheckpointFiles;
import org.invp.train.Outcome;
import org.invp.train.ResumeRules;
import org.invp.train.RunFolder;
import org.invp.train.RunFolder.Existing;
import org.invp.train.RunImages;
import org.invp.train.RunVerdict;
import org.invp.train.SameRun;
import org.invp.train.StartingPoint;
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
    description =
        "Train a network; a run that was stopped goes on with --resume, a new one begins from another"
            + " with --from.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;

  @Parameters(
      arity = "0..1",
      paramLabel = "CONFIG",
      description = "The settings, a YAML file; with --resume or --from it may be left out.")
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
          "With --resume or --from, the checkpoint to go on from: latest, previous (the one before"
              + " it) or best (of the highest kNN accuracy). What a resumed run had as its latest is"
              + " set aside then.")
  private CheckpointFiles.Which checkpoint = CheckpointFiles.Which.LATEST;

  @Option(names = "--overwrite", description = "Delete the run that the folder holds.")
  private boolean overwrite;

  @Mixin private FromOptions from;
  @Mixin private RankOptions ranks;

  @Override
  public Integer call() {
    device.check();
    if (resume && overwrite) {
      throw new ParameterException(
          spec.commandLine(), "--resume and --overwrite exclude each other");
    }
    if (checkpoint != CheckpointFiles.Which.LATEST && !resume && !from.given()) {
      throw new ParameterException(spec.commandLine(), "--checkpoint needs --resume or --from");
    }
    from.check(resume, checkpoint);
    Path path = folder();
    from.requireOther(path);
    TrainingConfig settings = settings(path);
    Device chosen = device.choose(Device.parse(settings.training().device()));
    Membership membership = ranks.membership();
    if (ranks.toStart(membership) > 1) {
      requireGpus(chosen, ranks.toStart(membership));
      return LocalRanks.run(
          ranks.toStart(membership),
          spec.root().commandLine().getParseResult().originalArgs(),
          spec.commandLine().getErr(),
          () -> wayOn(path, ranks.toStart(membership)));
    }
    ParentWatch parent = ParentWatch.begin();
    if (membership.size() > 1) {
      // The group is LibTorch's too, and a process has one LibTorch.
      TorchRuntime.load(chosen.kind() == Device.Kind.CUDA);
    }
    try (ProcessGroup group = ProcessGroup.join(membership);
        RunImages images = RunImages.open(settings);
        StartingPoint begin = from.open(checkpoint);
        RunFolder folder = open(path, settings, images, begin, group);
        LogFile log = new LogFile(folder.log(group.rank()))) {
      return log.recordingFailures(() -> train(settings, folder, images, begin, group, parent));
    }
  }

  /** What every rank would say is said once, before any is started. */
  private static void requireGpus(Device first, int count) {
    if (first.kind() != Device.Kind.CUDA) {
      return;
    }
    int found = Device.cudaDevices().size();
    if (first.index() + count > found) {
      throw new ConfigException(
          Text.format(
              "%d ranks from %s on need a GPU each, this machine has %d", count, first, found));
    }
  }

  private int train(
      TrainingConfig settings,
      RunFolder folder,
      RunImages images,
      StartingPoint begin,
      ProcessGroup group,
      ParentWatch parent) {
    PrintWriter out =
        group.rank() == 0
            ? spec.commandLine().getOut()
            : new PrintWriter(Writer.nullWriter()); // Rank 0 speaks for all.
    out.printf(
        Locale.ROOT,
        "training on %,d images, %s%s; run folder %s%n",
        images.train().size(),
        images.holdOut()
            ? Text.format("judging epochs on %,d held-out ones, ", images.heldOut().size())
            : "",
        images.test().size() > 0
            ? Text.format("testing on %,d", images.test().size())
            : "no test set",
        folder.path());
    if (begin != null) {
      out.printf(Locale.ROOT, "begins with %s%n", begin.origin());
    }
    images.untestable().ifPresent(reason -> out.println(withoutAccuracy(reason, images)));
    if (group.rank() == 0) {
      Stream.of(
              images.train().remark(),
              images.test().remark(),
              SharedImages.remark(images.train(), images.test()))
          .flatMap(Optional::stream)
          .forEach(remark -> Errors.warn(spec.commandLine().getErr(), remark));
    }
    if (group.size() > 1) {
      out.printf(
          Locale.ROOT,
          "%d ranks, each with %,d rows of the memory bank and its part of every batch%n",
          group.size(),
          new Shard(0, group.size(), images.train().size()).localRows());
    }
    StopRequest stop = new StopRequest();
    try (StopOnSignal signals = new StopOnSignal(stop, parent);
        ConsoleListener listener = listener(settings, images.test().size(), out, group);
        Trainer trainer = new Trainer(settings, folder, images, group, begin, stop, listener)) {
      if (trainer.run() == Outcome.COMPLETE) {
        out.println("run folder: " + folder.path());
        if (group.rank() == 0) {
          RunVerdict.read(folder.path())
              .ifPresent(verdict -> verdict.sentences().forEach(out::println));
        }
        return 0;
      }
      listener.endLine();
      out.println("stopped and saved; " + wayOn(folder.path(), group.size()));
      return signals.exitCode();
    } catch (RankLostException e) {
      // All of them may have been suspended for longer than they wait for each other.
      boolean saved = Files.exists(folder.checkpoints().latest());
      throw new InvpException(
          Text.format(
              "%s; %s%s",
              e.getMessage(),
              saved ? "the last checkpoint is kept; " : "",
              wayOn(folder.path(), group.size())),
          e);
    }
  }

  /** How a run that was broken off goes on; by a launcher's ranks if that starts them again. */
  private String wayOn(Path folder, int size) {
    if (!Files.exists(folder.resolve(RunFolder.CONFIG))) {
      return "nothing was done yet";
    }
    return Text.format(
        "go on with: invp train --resume --run-dir %s%s",
        folder, ranks.given() ? " --ranks " + size : "");
  }

  private static String withoutAccuracy(String reason, RunImages images) {
    return images.train().hasLabels()
        ? reason + ": kNN accuracy on one is not measured"
        : reason
            + ": what needs them, kNN accuracy and how much of a walk is right, is not measured";
  }

  private ConsoleListener listener(
      TrainingConfig settings, int testImages, PrintWriter out, ProcessGroup group) {
    boolean speaks = group.rank() == 0;
    return new ConsoleListener(
        settings,
        testImages,
        out,
        speaks ? spec.commandLine().getErr() : new PrintWriter(Writer.nullWriter()),
        speaks && LiveBar.hasTerminal() ? new LiveBar(System.err) : null);
  }

  /** A run that goes on keeps its own settings; CONFIG must agree with them in what matters. */
  private TrainingConfig settings(Path path) {
    Path own = path.resolve(RunFolder.CONFIG);
    List<String> all = device.overriding(overrides);
    if (config != null && !(resume && Files.exists(own))) {
      return ConfigFile.read(config, all);
    }
    if (from.given()) {
      return from.settings(checkpoint, all);
    }
    Path saved = RunFolder.ofRankZero(path).checkpoint();
    if (!Files.exists(own) && Files.exists(saved)) {
      return Checkpoint.settings(saved, all); // Killed between its first two files.
    }
    if (config != null) {
      ResumeRules.check(path, ConfigFile.readRun(own, List.of()), ConfigFile.read(config, all));
    }
    return ConfigFile.readRun(own, all);
  }

  /**
   * Settings that do not fit the data, or the other ranks, are refused before anything is written.
   * Rank 0 opens the folder for all; the others wait for that.
   */
  private RunFolder open(
      Path path,
      TrainingConfig settings,
      RunImages images,
      StartingPoint begin,
      ProcessGroup group) {
    SameRun.require(group, settings, images);
    try {
      settings.checkAgainst(images.train().size(), images.train().channels());
    } catch (ConfigException e) {
      throw new ConfigException((config != null ? config : path) + ": " + e.getMessage(), e);
    }
    if (begin != null) {
      begin.requireFits(settings, images.train());
    }
    if (group.rank() > 0) {
      group.barrier();
      return RunFolder.ofRankZero(path);
    }
    Existing existing = resume ? Existing.RESUME : overwrite ? Existing.OVERWRITE : Existing.REFUSE;
    RunFolder folder = RunFolder.open(path, existing);
    try {
      if (resume) {
        folder.checkpoints().goBackTo(checkpoint);
      }
      group.barrier();
      return folder;
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  private Path folder() {
    if (runDir != null) {
      if (config == null && !resume && !from.given()) {
        throw new ParameterException(spec.commandLine(), "CONFIG is missing");
      }
      return runDir;
    }
    if (config == null) {
      throw new ParameterException(
          spec.commandLine(),
          resume || from.given() ? "CONFIG or --run-dir is missing" : "CONFIG is missing");
    }
    String name = config.getFileName().toString();
    return Path.of("runs", name.replaceFirst("\\.[^.]*$", ""));
  }
}
