package org.invp.objective.sharded;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.Draws;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.objective.GraphUpdate;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.Objective;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.ObjectiveOptions.Ramp;
import org.invp.objective.StepResult;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Some steps of a run, drawn from a seed: taken by one process with the whole of every batch, or by
 * one of several with its part.
 */
final class ShardedCase {
  private static final int STEPS = 3;

  final long seed;
  final int ranks;
  final ObjectiveOptions options;
  final double weight;
  final GraphUpdate graphUpdate;
  final int[][] parts = new int[STEPS][];
  final int[][] indices = new int[STEPS][];
  final float[][] embeddings = new float[STEPS][];
  final float[] bank;
  final int[] graph;
  final int rows;
  final int dimension;

  /** What one process has after all steps. */
  @SuppressWarnings("ArrayRecordComponent") // Compared element by element.
  record Result(
      StepResult[] losses,
      float[][] gradients,
      int[][] positives,
      float[] bank,
      int[] graph,
      long searchedAgain) {

    void write(DataOutputStream out) throws IOException {
      for (int step = 0; step < STEPS; step++) {
        out.writeDouble(losses[step].lossIns());
        out.writeDouble(losses[step].lossInv());
        out.writeDouble(losses[step].meanCosine());
        write(out, gradients[step]);
        write(out, positives[step]);
      }
      write(out, bank);
      write(out, graph);
      out.writeLong(searchedAgain);
    }

    private static void write(DataOutputStream out, float... values) throws IOException {
      out.writeInt(values.length);
      for (float value : values) {
        out.writeFloat(value);
      }
    }

    private static void write(DataOutputStream out, int... values) throws IOException {
      out.writeInt(values.length);
      for (int value : values) {
        out.writeInt(value);
      }
    }

    static Result read(DataInputStream in) throws IOException {
      StepResult[] losses = new StepResult[STEPS];
      float[][] gradients = new float[STEPS][];
      int[][] positives = new int[STEPS][];
      for (int step = 0; step < STEPS; step++) {
        losses[step] = new StepResult(in.readDouble(), in.readDouble(), in.readDouble());
        gradients[step] = floats(in);
        positives[step] = ints(in);
      }
      return new Result(losses, gradients, positives, floats(in), ints(in), in.readLong());
    }

    private static float[] floats(DataInputStream in) throws IOException {
      float[] values = new float[in.readInt()];
      for (int i = 0; i < values.length; i++) {
        values[i] = in.readFloat();
      }
      return values;
    }

    private static int[] ints(DataInputStream in) throws IOException {
      int[] values = new int[in.readInt()];
      for (int i = 0; i < values.length; i++) {
        values[i] = in.readInt();
      }
      return values;
    }
  }

  /** Rows that tie, images that repeat, and empty parts are all among the cases. */
  ShardedCase(long seed, int ranks) {
    this.seed = seed;
    this.ranks = ranks;
    Random random = new Random(seed);
    rows = random.nextInt(12, 150);
    dimension = random.nextInt(2, 20);
    int neighbours = random.nextInt(1, 5);
    int most = rows - neighbours;
    int negatives =
        switch (random.nextInt(3)) {
          case 0 -> neighbours + 1 + random.nextInt(Math.min(3, most));
          case 1 -> rows - random.nextInt(Math.min(3, most));
          default -> random.nextInt(neighbours + 1, rows + 1);
        };
    options =
        new ObjectiveOptions(
            random.nextBoolean() ? Mode.PAPER : Mode.OFFICIAL,
            random.nextDouble(0.1, 0.6),
            negatives,
            random.nextInt(1, 12),
            neighbours,
            random.nextInt(1, 4),
            random.nextBoolean(),
            Selection.values()[random.nextInt(3)],
            0.6,
            Ramp.CONSTANT,
            0,
            BankStart.RANDOM,
            random.nextDouble());
    weight = random.nextInt(4) == 0 ? 0 : 0.6;
    graphUpdate = random.nextInt(5) == 0 ? GraphUpdate.EPOCH : GraphUpdate.LAZY;
    bank = gaussian(random, rows * dimension, 1 / Math.sqrt(dimension));
    if (random.nextInt(3) == 0) {
      for (int row = 3; row < rows; row++) {
        System.arraycopy(bank, row % 3 * dimension, bank, row * dimension, dimension);
      }
    }
    graph = new int[rows * neighbours];
    boolean empty = random.nextInt(4) == 0;
    Arrays.setAll(graph, i -> empty ? 0 : random.nextInt(rows));
    for (int step = 0; step < STEPS; step++) {
      parts[step] = new int[ranks];
      Arrays.setAll(parts[step], rank -> random.nextInt(5));
      parts[step][random.nextInt(ranks)]++;
      int batch = Arrays.stream(parts[step]).sum();
      int images = random.nextInt(3) == 0 ? 2 : rows;
      indices[step] = random.ints(batch, 0, images).toArray();
      embeddings[step] = gaussian(random, batch * dimension, 3);
    }
  }

  private static float[] gaussian(Random random, int count, double scale) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() * scale);
    }
    return values;
  }

  @Override
  public String toString() {
    return "seed %d, %d ranks, %d x %d, parts %s: %s"
        .formatted(seed, ranks, rows, dimension, Arrays.deepToString(parts), options);
  }

  /** All steps in this process alone. */
  Result whole() {
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank whole = MemoryBank.create(rows, dimension, engine);
        NeighbourGraph neighbours = NeighbourGraph.create(rows, options.neighbours())) {
      whole.embeddings().copyFrom(bank);
      neighbours.neighbours().copyFrom(graph);
      try (Objective objective =
          new InvariancePropagation(whole, neighbours, options, graphUpdate)) {
        return steps(objective, whole, neighbours, 0, ranks);
      }
    }
  }

  /** All steps as one rank of several, with its rows on a device. */
  Result part(ProcessGroup group, Device device) {
    Shard shard = new Shard(group.rank(), group.size(), rows);
    int k = options.neighbours();
    try (BankEngine engine = BankEngine.on(device, 1);
        MemoryBank part = MemoryBank.create(shard.localRows(), dimension, engine);
        NeighbourGraph neighbours = NeighbourGraph.create(shard.localRows(), k)) {
      for (int local = 0; local < shard.localRows(); local++) {
        int from = shard.global(local);
        part.set(local, Arrays.copyOfRange(bank, from * dimension, (from + 1) * dimension));
        for (int n = 0; n < k; n++) {
          neighbours.neighbours().set((long) local * k + n, graph[from * k + n]);
        }
      }
      try (ShardedInvariancePropagation objective =
          new ShardedInvariancePropagation(group, shard, part, neighbours, options, graphUpdate)) {
        Result result = steps(objective, part, neighbours, group.rank(), group.rank() + 1);
        return new Result(
            result.losses(),
            result.gradients(),
            result.positives(),
            result.bank(),
            result.graph(),
            objective.work().searchedAgain());
      }
    }
  }

  /** The steps with the parts of the ranks from {@code first} to before {@code end}. */
  private Result steps(
      Objective objective, MemoryBank rowsHere, NeighbourGraph neighbours, int first, int end) {
    StepResult[] losses = new StepResult[STEPS];
    float[][] gradients = new float[STEPS][];
    int[][] positives = new int[STEPS][];
    for (int step = 0; step < STEPS; step++) {
      int from = Arrays.stream(parts[step], 0, first).sum();
      int to = Arrays.stream(parts[step], 0, end).sum();
      int[] images = Arrays.copyOfRange(indices[step], from, to);
      float[] values = Arrays.copyOfRange(embeddings[step], from * dimension, to * dimension);
      try (IntTensor ids = IntTensor.of(images, to - from);
          FloatTensor x = rowsHere.engine().allocateFloats(to - from, dimension);
          FloatTensor gradient = rowsHere.engine().allocateFloats(to - from, dimension)) {
        x.copyFrom(values);
        losses[step] = objective.step(ids, x, weight, Draws.of(seed, step), gradient);
        gradients[step] = gradient.toArray();
        positives[step] = objective.positives().toArray();
      }
    }
    return new Result(
        losses,
        gradients,
        positives,
        rowsHere.embeddings().toArray(),
        neighbours.neighbours().toArray(),
        0);
  }
}
