package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
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

  private final Checkpoint checkpoint;
  private final TrainingConfig config;
  private final Network network;

  private TrainedRun(Checkpoint checkpoint, TrainingConfig config, Network network) {
    this.checkpoint = checkpoint;
    this.config = config;
    this.network = network;
  }

  /**
   * Reads a run; it may be training meanwhile.
   *
   * @param run a run folder, or a checkpoint
   * @param overrides replace settings of the run
   */
  static TrainedRun open(Path run, List<String> overrides) {
    Path path = Files.isDirectory(run) ? run.resolve("checkpoint.safetensors") : run;
    if (Files.isDirectory(run) && !Files.exists(path) && Files.exists(run.resolve(WEIGHTS))) {
      return weightsOnly(run, overrides);
    }
    if (!Files.exists(path)) {
      throw new InvalidDataException(
          "%s holds no run: there is no %s".formatted(run, path.getFileName()));
    }
    Checkpoint checkpoint = Checkpoint.read(path);
    Network network = null;
    try {
      TrainingConfig config = checkpoint.config(overrides);
      TorchRuntime.setThreads(config.training().resolvedThreads());
      int channels = config.augmentation().mean().size();
      network = Network.create(Setup.networkOptions(config, channels), config.seed());
      network.load(checkpoint.weights());
      return new TrainedRun(checkpoint, config, network);
    } catch (RuntimeException e) {
      if (network != null) {
        network.close();
      }
      checkpoint.close();
      throw e;
    }
  }

  private static TrainedRun weightsOnly(Path run, List<String> overrides) {
    TrainingConfig config = ConfigFile.read(run.resolve(RunFolder.CONFIG), overrides);
    TorchRuntime.setThreads(config.training().resolvedThreads());
    return new TrainedRun(null, config, Network.load(run.resolve(WEIGHTS)));
  }

  /** Whether there is a checkpoint, with a memory bank, and not a network alone. */
  boolean hasCheckpoint() {
    return checkpoint != null;
  }

  /**
   * The checkpoint.
   *
   * @throws InvalidDataException if the run has none
   */
  Checkpoint checkpoint() {
    if (checkpoint == null) {
      throw new InvalidDataException("the run has weights only: no checkpoint, so no memory bank");
    }
    return checkpoint;
  }

  TrainingConfig config() {
    return config;
  }

  Network network() {
    return network;
  }

  @Override
  public void close() {
    network.close();
    if (checkpoint != null) {
      checkpoint.close();
    }
  }
}
