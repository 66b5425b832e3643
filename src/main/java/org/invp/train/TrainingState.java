package org.invp.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.config.TrainingConfig;
import org.invp.data.DatasetIdentity;
import org.invp.distributed.ProcessGroup;
import org.invp.io.AtomicFile;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.nn.Execution;
import org.invp.nn.LossScale;
import org.invp.nn.Network;
import org.invp.nn.Precision;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Everything that changes while a run trains: the network, its optimizer, the memory bank, the
 * neighbour graph, the position and the sums of the epoch in progress. Goes to a checkpoint and
 * comes back from it as the same bits. Owns all of it until {@link #close}.
 *
 * <p>Of several ranks each has all of it but the bank and the graph, of which row g is on rank g
 * mod R, there at g div R.
 */
final class TrainingState implements AutoCloseable {
  private static final String BEST = "best_knn";
  private static final String CORRUPT = "corrupt_images";
  private static final String LOSS_SCALE = "loss_scale";
  private static final String GOOD_STEPS = "loss_scale_good_steps";

  private final TrainingConfig config;
  private final ProcessGroup group;
  private final Shard shard;
  private final BankEngine engine;
  private final Environment environment;
  private final Network network;
  private final Sgd optimizer;
  private final MemoryBank bank;
  private final NeighbourGraph graph;
  private final EpochTotals totals = new EpochTotals();
  private Position position = Position.START;
  private UntrainedKnn untrainedKnn;
  private DatasetIdentity.Copy images;
  private Origin origin;
  private Double bestKnn;
  private long corruptImages;

  /** A fresh state: weights and bank from the seed, the graph all zeros, as published. */
  TrainingState(TrainingConfig config, int rows, int channels, ProcessGroup group) {
    this.config = config;
    this.group = group;
    this.shard = new Shard(group.rank(), group.size(), rows);
    Cleanup cleanup = new Cleanup();
    try {
      int threads = config.training().resolvedThreads();
      engine = cleanup.add(BankEngine.on(Setup.device(config, group), threads));
      Execution execution = Setup.execution(config, engine);
      environment = Setup.environment(engine, threads);
      network =
          cleanup.add(
              Network.create(Setup.networkOptions(config, channels), config.seed(), execution));
      optimizer =
          cleanup.add(
              new Sgd(
                  network,
                  config.optimizer().momentum(),
                  config.optimizer().weightDecay(),
                  config.optimizer().nesterov()));
      int own = shard.localRows();
      bank = cleanup.add(MemoryBank.create(own, config.network().dimension(), engine));
      int neighbours = config.objective().neighbours();
      if (shard.size() == 1) {
        graph = cleanup.add(NeighbourGraph.create(own, neighbours, engine));
        bank.fillRandom(config.seed());
      } else {
        graph = cleanup.add(NeighbourGraph.create(own, neighbours));
        bank.fillRandom(shard, config.seed());
      }
    } catch (RuntimeException | Error e) {
      cleanup.close();
      throw e;
    }
  }

  /** Says which images the rows belong to; checkpoints say it from then on. */
  void setImages(DatasetIdentity.Copy identity) {
    images = identity;
  }

  /** Says what the run began from; checkpoints say it from then on. */
  void setOrigin(Origin begin) {
    origin = begin;
  }

  /** What the run began from; null if that was a fresh network. */
  Origin origin() {
    return origin;
  }

  /** Which of the bank's and the graph's rows are here. */
  Shard shard() {
    return shard;
  }

  BankEngine engine() {
    return engine;
  }

  /** What decides the last bits of what is computed here. */
  Environment environment() {
    return environment;
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

  /** kNN accuracies before training; null when they were not measured. */
  UntrainedKnn untrainedKnn() {
    return untrainedKnn;
  }

  void setUntrainedKnn(UntrainedKnn accuracies) {
    untrainedKnn = accuracies;
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

  /**
   * Notes the kNN accuracy of an epoch.
   *
   * @param accuracy null when it was not measured
   * @return whether it is higher than that of every epoch noted before
   */
  boolean noteAccuracy(Double accuracy) {
    boolean best = accuracy != null && (bestKnn == null || accuracy > bestKnn);
    if (best) {
      bestKnn = accuracy;
    }
    return best;
  }

  /**
   * Writes everything to a checkpoint, whole or not at all. Among several ranks a collective: each
   * writes its rows, then rank 0 what makes the files a checkpoint.
   */
  void save(Path path) {
    save(path, AtomicFile::write);
  }

  /** As above, by another way to the disk. */
  void save(Path path, Safetensors.Writer writer) {
    Map<String, String> metadata = new HashMap<>(environment.toMetadata());
    metadata.putAll(Checkpoint.toMetadata(position));
    metadata.putAll(totals.toMetadata());
    metadata.putAll(network.options().toMetadata());
    if (origin != null) {
      metadata.putAll(origin.toMetadata());
    }
    if (untrainedKnn != null) {
      metadata.putAll(untrainedKnn.toMetadata());
    }
    if (bestKnn != null) {
      metadata.put(BEST, bestKnn.toString());
    }
    metadata.put(CORRUPT, Long.toString(corruptImages));
    if (isScaled()) {
      LossScale scale = network.lossScale();
      metadata.put(LOSS_SCALE, Float.toString(scale.scale()));
      metadata.put(GOOD_STEPS, Integer.toString(scale.goodSteps()));
    }
    List<NamedTensor> tensors = new ArrayList<>(network.state());
    for (NamedTensor momentum : optimizer.state()) {
      tensors.add(momentum.renamed(Checkpoint.OPTIMIZER + momentum.name()));
    }
    try (FloatTensor embeddings = bank.embeddings().onHost();
        IntTensor neighbours = graph.neighbours().onHost();
        IntTensor hashes = images == null ? null : IntTensor.of(images.hashes(), shard.rows())) {
      List<NamedTensor> rows =
          List.of(
              NamedTensor.of(Checkpoint.BANK, embeddings),
              NamedTensor.of(Checkpoint.GRAPH, neighbours));
      if (shard.size() == 1) {
        tensors.addAll(rows);
      } else {
        metadata.putAll(
            new ShardFiles(path.toAbsolutePath().getParent())
                .write(group, shard, Checkpoint.toMetadata(position), rows));
      }
      if (shard.rank() == 0) {
        if (hashes != null) {
          metadata.put(Checkpoint.IMAGES_DIGEST, images.digest());
          metadata.put(Checkpoint.IMAGES_SIDE, Integer.toString(images.side()));
          tensors.add(NamedTensor.of(Checkpoint.IMAGES, hashes));
        }
        Checkpoint.write(path, config, metadata, tensors, writer);
      }
    }
  }

  /** Takes everything from a checkpoint. */
  void restore(Checkpoint checkpoint) {
    network.load(checkpoint.weights());
    optimizer.load(checkpoint.optimizer());
    checkpoint.copyRows(shard, bank.embeddings(), graph.neighbours());
    totals.restore(checkpoint.metadata());
    position = checkpoint.position();
    corruptImages = Long.parseLong(checkpoint.metadata().getOrDefault(CORRUPT, "0"));
    if (isScaled()) {
      network.setLossScale(
          new LossScale(
              Float.parseFloat(checkpoint.metadata().get(LOSS_SCALE)),
              Integer.parseInt(checkpoint.metadata().get(GOOD_STEPS))));
    }
    untrainedKnn =
        UntrainedKnn.fromMetadata(
            checkpoint.metadata(), checkpoint.config(List.of()).evaluation().k());
    bestKnn = accuracy(checkpoint, BEST);
    origin = Origin.of(checkpoint.metadata()).orElse(null);
  }

  private static Double accuracy(Checkpoint checkpoint, String key) {
    String text = checkpoint.metadata().get(key);
    return text == null ? null : Double.valueOf(text);
  }

  private boolean isScaled() {
    return network.execution().precision() == Precision.FP16;
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
