package org.invp.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.config.TrainingConfig;
import org.invp.io.NamedTensor;
import org.invp.nn.Network;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Everything that changes while a run trains: the network, its optimizer, the memory bank, the
 * neighbour graph, the position and the sums of the epoch in progress. Goes to a checkpoint and
 * comes back from it as the same bits. Owns all of it until {@link #close}.
 */
final class TrainingState implements AutoCloseable {
  private static final String UNTRAINED = "untrained_knn";
  private static final String CORRUPT = "corrupt_images";

  private final TrainingConfig config;
  private final BankEngine engine;
  private final Network network;
  private final Sgd optimizer;
  private final MemoryBank bank;
  private final NeighbourGraph graph;
  private final EpochTotals totals = new EpochTotals();
  private Position position = Position.START;
  private Double untrainedKnn;
  private long corruptImages;

  /** A fresh state: weights and bank from the seed, the graph all zeros, as published. */
  TrainingState(TrainingConfig config, int rows, int channels) {
    this.config = config;
    Cleanup cleanup = new Cleanup();
    try {
      engine =
          cleanup.add(
              BankEngine.on(
                  Device.parse(config.training().device()), config.training().resolvedThreads()));
      network = cleanup.add(Network.create(Setup.networkOptions(config, channels), config.seed()));
      optimizer =
          cleanup.add(
              new Sgd(
                  network,
                  config.optimizer().momentum(),
                  config.optimizer().weightDecay(),
                  config.optimizer().nesterov()));
      bank = cleanup.add(MemoryBank.create(rows, config.network().dimension(), engine));
      graph = cleanup.add(NeighbourGraph.create(rows, config.objective().neighbours(), engine));
      bank.fillRandom(config.seed());
    } catch (RuntimeException | Error e) {
      cleanup.close();
      throw e;
    }
  }

  BankEngine engine() {
    return engine;
  }

  Network network() {
    return network;
  }

  Sgd optimizer() {
    return optimizer;
  }

  MemoryBank bank() {
    return bank;
  }

  NeighbourGraph graph() {
    return graph;
  }

  EpochTotals totals() {
    return totals;
  }

  Position position() {
    return position;
  }

  void moveTo(Position next) {
    position = next;
  }

  /** kNN accuracy before training; null when it was not measured. */
  Double untrainedKnn() {
    return untrainedKnn;
  }

  void setUntrainedKnn(double accuracy) {
    untrainedKnn = accuracy;
  }

  /** How often a training image could not be read since the start of the run. */
  long corruptImages() {
    return corruptImages;
  }

  /** Counts images of a batch that could not be read. */
  void addCorrupt(int images) {
    corruptImages += images;
    totals.addCorrupt(images);
  }

  /** Writes everything to a checkpoint, whole or not at all. */
  void save(Path path, Environment environment) {
    Map<String, String> metadata = new HashMap<>(environment.toMetadata());
    metadata.putAll(Checkpoint.toMetadata(position));
    metadata.putAll(totals.toMetadata());
    metadata.putAll(network.options().toMetadata());
    if (untrainedKnn != null) {
      metadata.put(UNTRAINED, untrainedKnn.toString());
    }
    metadata.put(CORRUPT, Long.toString(corruptImages));
    List<NamedTensor> tensors = new ArrayList<>(network.state());
    for (NamedTensor momentum : optimizer.state()) {
      tensors.add(momentum.renamed(Checkpoint.OPTIMIZER + momentum.name()));
    }
    try (FloatTensor embeddings = bank.embeddings().onHost();
        IntTensor neighbours = graph.neighbours().onHost()) {
      tensors.add(NamedTensor.of(Checkpoint.BANK, embeddings));
      tensors.add(NamedTensor.of(Checkpoint.GRAPH, neighbours));
      Checkpoint.write(path, config, metadata, tensors);
    }
  }

  /** Takes everything from a checkpoint. */
  void restore(Checkpoint checkpoint) {
    network.load(checkpoint.weights());
    optimizer.load(checkpoint.optimizer());
    checkpoint.copyBank(bank.embeddings());
    checkpoint.copyGraph(graph.neighbours());
    totals.restore(checkpoint.metadata());
    position = checkpoint.position();
    corruptImages = Long.parseLong(checkpoint.metadata().getOrDefault(CORRUPT, "0"));
    String untrained = checkpoint.metadata().get(UNTRAINED);
    untrainedKnn = untrained == null ? null : Double.valueOf(untrained);
  }

  @Override
  public void close() {
    graph.close();
    bank.close();
    optimizer.close();
    network.close();
    engine.close();
  }
}
