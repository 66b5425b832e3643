package org.invp.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.invp.InvpException;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.distributed.Membership;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Traffic;
import org.invp.objective.GraphUpdate;
import org.invp.objective.Objective;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.sharded.ShardedInvariancePropagation;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Steps over a bank in shards, each rank a thread with an engine of its own.
 *
 * @param batch images per rank
 * @param threads of every rank's engine
 */
record ShardedBenchmark(
    int ranks, int rows, int dimension, int batch, int top, Mode mode, int threads, int repeats) {
  private static final double NANOS = 1e-9;
  private static final long SEED = 1;

  /** One rank's seconds of every step, and the bytes of one on average. */
  @SuppressWarnings("ArrayRecordComponent") // Read once.
  private record Measured(double[] seconds, double sent, double received) {}

  /** The figures by name; all ranks step together, so that the first one's seconds are all's. */
  Map<String, Object> run() {
    int port = freePort();
    ExecutorService team = Executors.newFixedThreadPool(ranks);
    try {
      List<Future<Measured>> running = new ArrayList<>();
      for (int rank = 0; rank < ranks; rank++) {
        Membership membership =
            new Membership(rank, ranks, rank, "127.0.0.1", port, "lo", Membership.DEFAULT_TIMEOUT);
        running.add(team.submit(() -> measure(membership)));
      }
      List<Measured> measured = new ArrayList<>();
      for (Future<Measured> rank : running) {
        measured.add(rank.get());
      }
      return figures(measured);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new InvpException("", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InvpException("interrupted", e);
    } finally {
      team.shutdown();
    }
  }

  private Map<String, Object> figures(List<Measured> measured) {
    double[] seconds = measured.getFirst().seconds();
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("median_s", BenchMeasurement.median(seconds));
    figures.put("min_s", Arrays.stream(seconds).min().orElseThrow());
    figures.put("max_s", Arrays.stream(seconds).max().orElseThrow());
    figures.put("sent_bytes", measured.getFirst().sent());
    figures.put("received_bytes", measured.getFirst().received());
    return figures;
  }

  private Measured measure(Membership membership) {
    Shard shard = new Shard(membership.rank(), ranks, rows);
    ObjectiveOptions options = ObjectiveOptions.published(mode).withNegatives(top);
    try (ProcessGroup group = ProcessGroup.join(membership);
        BankEngine engine = BankEngine.cpu(threads);
        MemoryBank bank = MemoryBank.create(shard.localRows(), dimension, engine);
        NeighbourGraph graph = NeighbourGraph.create(shard.localRows(), options.neighbours());
        Objective objective =
            new ShardedInvariancePropagation(group, shard, bank, graph, options, GraphUpdate.LAZY);
        IntTensor images = IntTensor.allocate(batch);
        FloatTensor embeddings = FloatTensor.allocate(batch, dimension);
        FloatTensor gradient = FloatTensor.allocate(batch, dimension)) {
      bank.fillRandom(shard, SEED);
      SplittableRandom random = new SplittableRandom(SEED + membership.rank());
      IntTensor neighbours = graph.neighbours();
      for (long i = 0; i < neighbours.size(); i++) {
        neighbours.set(i, random.nextInt(rows));
      }
      double[] seconds = new double[repeats];
      Traffic before = null;
      for (int step = -1; step < repeats; step++) {
        for (int b = 0; b < batch; b++) {
          images.set(b, random.nextInt(rows));
        }
        for (long i = 0; i < embeddings.size(); i++) {
          embeddings.set(i, (float) random.nextGaussian());
        }
        group.barrier();
        long start = System.nanoTime();
        objective.step(images, embeddings, options.lambda(), 0, gradient);
        if (step < 0) {
          before = group.traffic(); // The first step warms up.
        } else {
          seconds[step] = (System.nanoTime() - start) * NANOS;
        }
      }
      Traffic after = group.traffic();
      return new Measured(
          seconds,
          (double) (after.sent() - before.sent()) / repeats,
          (double) (after.received() - before.received()) / repeats);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
