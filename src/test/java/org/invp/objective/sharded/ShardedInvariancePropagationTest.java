package org.invp.objective.sharded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.Ranks;
import org.invp.objective.GraphUpdate;
import org.invp.objective.Objective;
import org.invp.objective.ObjectiveOptions;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several ranks against one process; the ranks are threads that meet over loopback. */
@Tag("slow")
class ShardedInvariancePropagationTest {
  /** Where the rows lie. */
  Device device() {
    return Device.CPU;
  }

  int trials() {
    return 40;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void ranksTogetherDoWhatOneProcessDoes(int size) throws Exception {
    long seed = new Random().nextLong();
    List<ShardedCase> cases =
        new Random(seed).longs(trials()).mapToObj(each -> new ShardedCase(each, size)).toList();
    List<List<ShardedCase.Result>> results =
        Ranks.run(
            size,
            group -> {
              List<ShardedCase.Result> mine = new ArrayList<>();
              for (ShardedCase drawn : cases) {
                mine.add(drawn.part(group, device()));
              }
              return mine;
            });
    for (int trial = 0; trial < trials(); trial++) {
      int at = trial;
      ShardedEquality.check(cases.get(trial), results.stream().map(rank -> rank.get(at)).toList());
    }
  }

  @ParameterizedTest
  @CsvSource({"PAPER,2", "PAPER,4", "OFFICIAL,3"})
  void aShardThatHoldsAllNearestRowsIsSearchedAgain(Mode mode, int size) throws Exception {
    ShardedCase lopsided = lopsided(mode, size);
    List<ShardedCase.Result> parts = Ranks.run(size, group -> lopsided.part(group, device()));
    assertTrue(parts.getFirst().searchedAgain() > 0, "the first lists sufficed");
    ShardedEquality.check(lopsided, parts);
  }

  /** Rank 0's rows point along the embeddings, the others' against them. */
  private static ShardedCase lopsided(Mode mode, int size) {
    return Stream.generate(new Random(5)::nextLong)
        .map(seed -> new ShardedCase(seed, size))
        .filter(drawn -> drawn.options.mode() == mode && drawn.rows > 100)
        .filter(drawn -> drawn.options.negatives() >= 20)
        .filter(drawn -> drawn.options.negatives() <= drawn.rows / size)
        .peek(
            drawn -> {
              for (int row = 0; row < drawn.rows; row++) {
                float first = row % size == 0 ? 1 : -1;
                drawn.bank[row * drawn.dimension] = first + 1e-3f * row;
              }
              for (float[] embeddings : drawn.embeddings) {
                for (int b = 0; b < embeddings.length; b += drawn.dimension) {
                  embeddings[b] = 100;
                }
              }
            })
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"1,30,3", "2,31,4", "3,40,39", "4,4,3"})
  void rebuildingGivesTheGraphOfTheWholeBank(int size, int rows, int k) throws Exception {
    int dimension = 5;
    int[] expected;
    float[] whole;
    try (BankEngine engine = BankEngine.on(device(), 1);
        MemoryBank bank = MemoryBank.create(rows, dimension, engine)) {
      bank.fillRandom(9);
      whole = bank.embeddings().toArray();
      try (NeighbourGraph graph = NeighbourGraph.build(bank, k)) {
        expected = graph.neighbours().toArray();
      }
    }
    List<int[]> graphs =
        Ranks.run(
            size,
            group ->
                withObjective(
                    device(),
                    group,
                    rows,
                    dimension,
                    k,
                    (objective, bank, graph) -> {
                      Shard shard = new Shard(group.rank(), size, rows);
                      bank.fillRandom(shard, 9);
                      assertArrayEquals(
                          Arrays.copyOfRange(
                              whole, shard.rank() * dimension, (shard.rank() + 1) * dimension),
                          bank.get(0));
                      int[] reported = new int[1];
                      objective.rebuildGraph((done, total) -> reported[0] = done);
                      assertEquals(rows, reported[0]);
                      return graph.neighbours().toArray();
                    }));
    for (int row = 0; row < rows; row++) {
      int local = row / size;
      assertArrayEquals(
          Arrays.copyOfRange(expected, row * k, (row + 1) * k),
          Arrays.copyOfRange(graphs.get(row % size), local * k, (local + 1) * k));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aRandomStartIsTheSameWhateverTheNumberOfRanks(int size) throws Exception {
    try (BankEngine engine = BankEngine.on(device(), 2);
        MemoryBank whole = MemoryBank.create(23, 7, engine)) {
      whole.fillRandom(4);
      for (int rank = 0; rank < size; rank++) {
        Shard shard = new Shard(rank, size, 23);
        try (MemoryBank part = MemoryBank.create(shard.localRows(), 7, engine)) {
          part.fillRandom(shard, 4);
          for (int local = 0; local < part.rows(); local++) {
            assertArrayEquals(whole.get(shard.global(local)), part.get(local));
          }
        }
      }
    }
  }

  @Test
  void aBadEmbeddingOfOneRankIsRefusedByAllAndNothingIsWritten() throws Exception {
    List<String> messages =
        Ranks.run(
            3,
            group ->
                withObjective(
                    device(),
                    group,
                    20,
                    4,
                    2,
                    (objective, bank, graph) -> {
                      bank.fillRandom(new Shard(group.rank(), 3, 20), 1);
                      float[] before = bank.embeddings().toArray();
                      float first = group.rank() == 1 ? Float.NaN : 1;
                      InvalidDataException refused =
                          assertThrows(InvalidDataException.class, () -> step(objective, 3, first));
                      assertArrayEquals(before, bank.embeddings().toArray());
                      step(objective, 3, 1);
                      return refused.getMessage();
                    }));
    assertTrue(messages.get(0).startsWith("rank 1: "), messages.get(0));
    assertTrue(messages.get(1).startsWith("embedding 0 "), messages.get(1));
  }

  @Test
  void anImageOutsideTheDataSetIsRefusedByAll() throws Exception {
    Ranks.run(
        2,
        group ->
            withObjective(
                device(),
                group,
                20,
                4,
                2,
                (objective, bank, graph) -> {
                  int image = group.rank() == 0 ? 20 : 3;
                  assertThrows(IllegalArgumentException.class, () -> step(objective, image, 1));
                  return null;
                }));
  }

  private static void step(Objective objective, int image, float first) {
    try (IntTensor ids = IntTensor.of(new int[] {image}, 1);
        FloatTensor x = FloatTensor.of(new float[] {first, 1, 2, 3}, 1, 4);
        FloatTensor gradient = FloatTensor.allocate(1, 4)) {
      objective.step(ids, x, 1, 0, gradient);
    }
  }

  /** What a test does with one rank's objective. */
  interface Body<T> {
    T run(ShardedInvariancePropagation objective, MemoryBank bank, NeighbourGraph graph);
  }

  static <T> T withObjective(
      Device device, ProcessGroup group, int rows, int dimension, int k, Body<T> body) {
    ObjectiveOptions published = ObjectiveOptions.published(Mode.PAPER);
    ObjectiveOptions options =
        new ObjectiveOptions(
            Mode.PAPER,
            published.temperature(),
            k + 1,
            published.positives(),
            k,
            published.steps() - 1,
            true,
            Selection.HARD,
            published.lambda(),
            published.ramp(),
            published.rampEpochs(),
            published.bankStart(),
            published.bankMomentum());
    Shard shard = new Shard(group.rank(), group.size(), rows);
    try (BankEngine engine = BankEngine.on(device, 1);
        MemoryBank bank = MemoryBank.create(shard.localRows(), dimension, engine);
        NeighbourGraph graph = NeighbourGraph.create(shard.localRows(), k);
        ShardedInvariancePropagation objective =
            new ShardedInvariancePropagation(
                group, shard, bank, graph, options, GraphUpdate.LAZY)) {
      return body.run(objective, bank, graph);
    }
  }
}
