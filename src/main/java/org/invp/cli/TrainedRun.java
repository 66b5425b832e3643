package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.config.TrainingConfig;
import org.invp.nn.Network;
import org.invp.nn.TorchRuntime;
import org.invp.train.Checkpoint;
import org.invp.train.Setup;

/** A run's last checkpoint, and a network with its weights. */
final class TrainedRun implements AutoCloseable {
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

  Checkpoint checkpoint() {
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
    checkpoint.close();
  }
}
