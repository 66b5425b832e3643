package org.invp.train;

import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.config.ConfigException;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.io.NamedTensor;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** Makes the checkpoint of a run that began in another program. */
public final class ForeignCheckpoint {
  private ForeignCheckpoint() {}

  /**
   * Writes a checkpoint from which {@code train --resume} goes on.
   *
   * @param weights all of the network's tensors
   * @param momentum one tensor per parameter, or none
   * @param bank F32 [N, D]
   * @param graph I32 [N, k]
   * @param epoch the epoch that comes next, counted from 1
   * @throws InvalidDataException when something does not fit the network
   */
  public static void write(
      Path path,
      TrainingConfig config,
      List<NamedTensor> weights,
      List<NamedTensor> momentum,
      NamedTensor bank,
      NamedTensor graph,
      long epoch) {
    long rows = bank.shape()[0];
    int channels = config.augmentation().mean().size();
    if (rows > Integer.MAX_VALUE || epoch < 1 || epoch > Integer.MAX_VALUE) {
      throw new InvalidDataException(
          Text.format("a bank of %d rows before epoch %d cannot be a checkpoint", rows, epoch));
    }
    config.checkAgainst((int) rows, channels);
    if (config.objective().neighbours() != graph.shape()[1]) {
      throw new ConfigException(
          Text.format(
              "objective.neighbours is %d, the graph has %d per row",
              config.objective().neighbours(), graph.shape()[1]));
    }
    try (TrainingState state =
        new TrainingState(config, (int) rows, channels, ProcessGroup.alone())) {
      state.network().load(weights);
      state.optimizer().load(momentum);
      state.bank().embeddings().copyFrom(FloatTensor.view(bank.data(), bank.shape()));
      state.graph().neighbours().copyFrom(IntTensor.view(graph.data(), graph.shape()));
      state.moveTo(new Position((int) epoch, 0, (epoch - 1) * batches(config, rows)));
      state.save(path);
    }
  }

  private static long batches(TrainingConfig config, long rows) {
    long size = config.training().batchSize();
    return config.training().keepLastBatch() ? Math.ceilDiv(rows, size) : rows / size;
  }
}
