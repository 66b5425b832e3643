package org.invp.objective.sharded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Traffic;
import org.invp.distributed.Ranks;
import org.invp.objective.GraphUpdate;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.ObjectiveOptions.Ramp;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bytes of a step, as the group counts them, against the formula of docs/distributed.md. */
class ShardedTrafficTest {
  private static final int STEPS = 4;
  private static final int DIMENSION = 24;
  private static final int NEIGHBOURS = 4;
  private static final int HOPS = 3;

  /** What all steps of one rank moved, and what they moved it for. */
  private record Measured(Traffic traffic, ShardedInvariancePropagation.Work work) {
    long bytes() {
      return traffic.sent() + traffic.received();
    }
  }

  @ParameterizedTest
  @CsvSource({"PAPER,2,8", "OFFICIAL,2,5", "PAPER,3,7", "OFFICIAL,4,4"})
  void theBytesAreTheFormulas(Mode mode, int size, int batch) throws Exception {
    for (Measured rank : measure(mode, size, 900, 150, batch)) {
      long anchors = (long) size * batch;
      long others = size - 1;
      long both = 24 * anchors + 16 * anchors; // intervals; sums
      long each = both * STEPS + reduced(rank.work());
      long sent =
          STEPS
              * (8
                  + 4L * batch * (DIMENSION + 1)
                  + 8L * (NEIGHBOURS + 1) * batch * others
                  + 4L * batch * DIMENSION * others
                  + 4L * batch * NEIGHBOURS);
      long received =
          STEPS
              * (8 * others
                  + 4L * batch * (DIMENSION + 1) * others
                  + 8L * (NEIGHBOURS + 1) * batch * others
                  + 4L * batch * DIMENSION
                  + 4L * batch * NEIGHBOURS * others);
      assertEquals(new Traffic(each + sent, each + received), rank.traffic());
      assertTrue(rank.work().cutsCounted() <= 4 * anchors * STEPS, rank.toString());
      assertTrue(rank.work().graphRows() <= (1 + 4 + 16) * anchors * STEPS, rank.toString());
      assertTrue(rank.work().numbers() <= (3 + 84) * anchors * STEPS, rank.toString());
    }
  }

  private static long reduced(ShardedInvariancePropagation.Work work) {
    return 60 * work.cutsCounted() + 4L * NEIGHBOURS * work.graphRows() + 4 * work.numbers();
  }

  @Test
  void aBankTwentyTimesAsLargeMovesNoMore() throws Exception {
    long small = measure(Mode.OFFICIAL, 3, 1_000, 150, 8).getFirst().bytes();
    long large = measure(Mode.OFFICIAL, 3, 20_000, 150, 8).getFirst().bytes();
    assertEquals(small, large, 0.1 * small);
  }

  @Test
  void tenTimesAsManyNegativesMoveNoMore() throws Exception {
    long few = measure(Mode.OFFICIAL, 3, 4_000, 150, 8).getFirst().bytes();
    long many = measure(Mode.OFFICIAL, 3, 4_000, 1_500, 8).getFirst().bytes();
    assertEquals(few, many, 0.1 * few);
  }

  private static List<Measured> measure(Mode mode, int size, int rows, int negatives, int batch)
      throws Exception {
    ObjectiveOptions options =
        new ObjectiveOptions(
            mode,
            0.2,
            negatives,
            10,
            NEIGHBOURS,
            HOPS,
            true,
            Selection.HARD,
            0.6,
            Ramp.CONSTANT,
            0,
            BankStart.RANDOM,
            0.5);
    return Ranks.run(size, group -> measure(group, rows, options, batch));
  }

  private static Measured measure(
      ProcessGroup group, int rows, ObjectiveOptions options, int batch) {
    Shard shard = new Shard(group.rank(), group.size(), rows);
    Random random = new Random(group.rank());
    try (BankEngine engine = BankEngine.cpu(1);
        MemoryBank bank = MemoryBank.create(shard.localRows(), DIMENSION, engine);
        NeighbourGraph graph = NeighbourGraph.create(shard.localRows(), NEIGHBOURS);
        ShardedInvariancePropagation objective =
            new ShardedInvariancePropagation(group, shard, bank, graph, options, GraphUpdate.LAZY);
        IntTensor ids = IntTensor.allocate(batch);
        FloatTensor embeddings = FloatTensor.allocate(batch, DIMENSION);
        FloatTensor gradient = FloatTensor.allocate(batch, DIMENSION)) {
      bank.fillRandom(shard, 1);
      for (long i = 0; i < graph.neighbours().size(); i++) {
        graph.neighbours().set(i, random.nextInt(rows));
      }
      Traffic before = group.traffic();
      for (int step = 0; step < STEPS; step++) {
        for (int b = 0; b < batch; b++) {
          ids.set(b, random.nextInt(rows));
        }
        for (long i = 0; i < embeddings.size(); i++) {
          embeddings.set(i, (float) random.nextGaussian());
        }
        objective.step(ids, embeddings, 0.6, step, gradient);
      }
      Traffic after = group.traffic();
      return new Measured(
          new Traffic(after.sent() - before.sent(), after.received() - before.received()),
          objective.work());
    }
  }
}
