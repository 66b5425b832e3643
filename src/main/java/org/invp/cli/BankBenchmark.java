package org.invp.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.ObjectiveOptions;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Times steps of the objective over a random bank, and the memory that they need on top of the
 * bank. Embeddings are drawn anew for every step; drawing them is not timed. One step before the
 * first measured one warms up threads and caches; it counts for the memory, not for the time.
 *
 * @param searchOnly whether to time the search for the most similar rows alone
 */
record BankBenchmark(
    int rows,
    int dimension,
    int batch,
    int top,
    int repeats,
    int threads,
    Mode mode,
    boolean searchOnly) {
  private static final long SEED = 1;
  private static final double NANOS = 1e-9;

  /** What was measured, in seconds and megabytes (10^6 bytes). */
  Map<String, Object> run() {
    ObjectiveOptions options = options();
    try (BankEngine engine = BankEngine.cpu(threads);
        MemoryBank bank = MemoryBank.create(rows, dimension, engine);
        NeighbourGraph graph = NeighbourGraph.create(rows, options.neighbours());
        InvariancePropagation objective = new InvariancePropagation(bank, graph, options);
        FloatTensor embeddings = FloatTensor.allocate(batch, dimension);
        FloatTensor gradient = FloatTensor.allocate(batch, dimension);
        IntTensor indices = IntTensor.allocate(batch)) {
      bank.fillRandom(SEED);
      SplittableRandom random = new SplittableRandom(SEED);
      fillGraph(graph, random);
      ProcessMemory memory = ProcessMemory.start();
      double[] seconds = new double[repeats];
      for (int step = -1; step < repeats; step++) {
        draw(random, embeddings, indices);
        long start = System.nanoTime();
        if (searchOnly) {
          bank.nearest(embeddings, top);
        } else {
          objective.step(indices, embeddings, options.lambda(), gradient);
        }
        if (step >= 0) {
          seconds[step] = (System.nanoTime() - start) * NANOS;
        }
      }
      return result(engine.info(), seconds, memory.extraBytes());
    }
  }

  private ObjectiveOptions options() {
    ObjectiveOptions published = ObjectiveOptions.published(mode);
    return new ObjectiveOptions(
        mode,
        published.temperature(),
        top,
        published.positives(),
        published.neighbours(),
        published.steps(),
        published.exclusive(),
        published.hard(),
        published.lambda(),
        published.ramp(),
        published.rampEpochs(),
        published.bankStart(),
        published.bankMomentum());
  }

  private void fillGraph(NeighbourGraph graph, SplittableRandom random) {
    for (long i = 0; i < graph.neighbours().size(); i++) {
      graph.neighbours().set(i, random.nextInt(rows));
    }
  }

  private void draw(SplittableRandom random, FloatTensor embeddings, IntTensor indices) {
    for (int i = 0; i < batch; i++) {
      indices.set(i, random.nextInt(rows));
    }
    for (long i = 0; i < embeddings.size(); i++) {
      embeddings.set(i, (float) random.nextDouble(-1, 1));
    }
  }

  private Map<String, Object> result(String engine, double[] seconds, long extraBytes) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("part", searchOnly ? "search" : "step");
    result.put("mode", mode.name().toLowerCase(Locale.ROOT));
    result.put("rows", rows);
    result.put("dim", dimension);
    result.put("batch", batch);
    result.put("top", top);
    result.put("repeats", repeats);
    result.put("threads", threads);
    result.put("engine", engine);
    result.put("median_s", median);
    result.put("min_s", sorted[0]);
    result.put("max_s", sorted[sorted.length - 1]);
    result.put("extra_mb", extraBytes < 0 ? null : extraBytes / 1e6);
    return result;
  }
}
