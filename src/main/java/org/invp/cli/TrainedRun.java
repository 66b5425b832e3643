package org.invp.cli;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.Fingerprint;
import org.invp.nn.Execution;
import org.invp.nn.Network;
import org.invp.nn.TorchRuntime;
import org.invp.train.Checkpoint;
import org.invp.train.RunFolder;
import org.invp.train.Setup;

/**
 * A run's network with its last weights, and its checkpoint if it has one: a network that was
 * imported, or trained with labels, has only {@code config.yaml} and {@code weights.safetensors}.
 */
final class TrainedRun implements AutoCloseable {
  private static final String WEIGHTS = "weights.safetensors";
  private static final String RESIZE = "evaluation.resize=";

  private final Checkpoint checkpoint;
  private final TrainingConfig config;
  private final BankEngine engine;
  private final Network network;
  private final String networkDigest;

  private TrainedRun(
      Checkpoint checkpoint, TrainingConfig config, BankEngine engine, Network network) {
    this.checkpoint = checkpoint;
    this.config = config;
    this.engine = engine;
    this.network = network;
    try (Arena arena = Arena.ofConfined()) {
      this.networkDigest = Fingerprint.of(network.state(arena));
    }
  }

  /**
   * Which network was opened, whatever is trained of it since: {@link Checkpoint#networkDigest}.
   */
  String networkDigest() {
    return networkDigest;
  }

  /** How many epochs it was trained; null if only its weights are known. */
  Integer epochs() {
    return checkpoint == null ? null : Integer.valueOf(checkpoint.epochs());
  }

  /**
   * Reads a run; it may be training meanwhile.
   *
   * @param run a run folder, or a checkpoint
   * @param overrides replace settings of the run
   */
  static TrainedRun open(Path run, List<String> overrides) {
    return open(run, overrides, Device.CPU);
  }

  /**
   * As {@link #open(Path, List)}.
   *
   * @param device where the network and the memory bank's engine work
   */
  static TrainedRun open(Path run, List<String> overrides, Device device) {
    Path path = Files.isDirectory(run) ? run.resolve("checkpoint.safetensors") : run;
    if (Files.isDirectory(run) && !Files.exists(path) && Files.exists(run.resolve(WEIGHTS))) {
      return weightsOnly(run, overrides, device);
    }
    if (!Files.exists(path)) {
      throw new InvalidDataException(
          Files.isDirectory(run)
              ? Text.format("%s holds no run: there is no %s", run, path.getFileName())
              : run + ": no such file or folder, expected a run folder or a checkpoint");
    }
    Checkpoint checkpoint = Checkpoint.read(path);
    try {
      TrainingConfig config = sized(checkpoint, overrides);
      int channels = config.augmentation().mean().size();
      return start(
          checkpoint,
          config,
          device,
          execution -> {
            Network network =
                Network.create(Setup.networkOptions(config, channels), config.seed(), execution);
            try {
              network.load(checkpoint.weights());
              return network;
            } catch (RuntimeException e) {
              network.close();
              throw e;
            }
          });
    } catch (RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  /**
   * The settings, with which images that are larger than those of the training, such as photographs
   * for a network of small pictures, are first resized to these: a crop of their size out of the
   * middle would show next to nothing. Of images of the training's size not a bit changes.
   */
  private static TrainingConfig sized(Checkpoint checkpoint, List<String> overrides) {
    TrainingConfig config = checkpoint.config(overrides);
    int side = checkpoint.imageSide();
    if (config.evaluation().resize() > 0
        || side < config.evaluation().crop()
        || overrides.stream().anyMatch(override -> override.strip().startsWith(RESIZE))) {
      return config;
    }
    List<String> all = new ArrayList<>(overrides);
    all.add(RESIZE + side);
    return checkpoint.config(all);
  }

  private static TrainedRun weightsOnly(Path run, List<String> overrides, Device device) {
    return start(
        null,
        ConfigFile.readRun(run.resolve(RunFolder.CONFIG), overrides),
        device,
        execution -> Network.load(run.resolve(WEIGHTS), execution));
  }

  private static TrainedRun start(
      Checkpoint checkpoint,
      TrainingConfig config,
      Device device,
      Function<Execution, Network> make) {
    int threads = config.training().resolvedThreads();
    BankEngine engine = BankEngine.on(device, threads);
    try {
      Execution execution = Setup.execution(config, engine);
      TorchRuntime.load(engine.memory());
      TorchRuntime.setThreads(threads);
      return new TrainedRun(checkpoint, config, engine, make.apply(execution));
    } catch (RuntimeException e) {
      engine.close();
      throw e;
    }
  }

  /** Whether there is a checkpoint, with a memory bank, and not a network alone. */
  boolean hasCheckpoint() {
    return checkpoint != null;
  }

  /**
   * The checkpoint.
   *
   * @throws InvalidDataException if the run has none
   * @throws ConfigException if settings are replaced on which it depends which training images the
   *     bank's rows are of
   */
  Checkpoint checkpoint() {
    if (checkpoint == null) {
      throw new InvalidDataException("the run has weights only: no checkpoint, so no memory bank");
    }
    if (!Setup.division(config).equals(Setup.division(checkpoint.config(List.of())))) {
      throw new ConfigException(
          "--set changes which training images there are, and the run's memory bank is of its own;"
              + " allowed: the run's seed, data.limit, data.draw and evaluation.held_out");
    }
    return checkpoint;
  }

  TrainingConfig config() {
    return config;
  }

  Network network() {
    return network;
  }

  /** The memory bank's engine on the run's device. */
  BankEngine engine() {
    return engine;
  }

  @Override
  public void close() {
    network.close();
    engine.close();
    if (checkpoint != null) {
      checkpoint.close();
    }
  }
}
