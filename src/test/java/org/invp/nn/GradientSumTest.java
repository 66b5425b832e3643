package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.RankLostException;
import org.invp.distributed.Ranks;
import org.invp.nn.NetworkOptions.Head;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients over ranks, against those of single networks added up here. */
@Tag("slow")
class GradientSumTest {
  private static final NetworkOptions OPTIONS = Networks.small(Head.MLP, true);
  private static final int STEPS = 3;

  @BeforeAll
  static void sameKernelsInEveryThread() {
    TorchRuntime.setThreads(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void everyRankHasTheSumOfWhatEachWouldHaveAlone(int size) throws Exception {
    int[] images = {5, 2, 3};
    List<Map<String, List<Double>>> gradients =
        Ranks.run(size, group -> together(group, images[group.rank()]));
    assertSums(gradients, images);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void aRankWithoutImagesAddsNothing(int empty) throws Exception {
    int[] images = {3, 2, 4};
    images[empty] = 0;
    List<Map<String, List<Double>>> gradients =
        Ranks.run(3, group -> together(group, images[group.rank()]));
    assertSums(gradients, images);
  }

  /** The last of several steps: buckets are laid out anew after the first. */
  private static Map<String, List<Double>> together(ProcessGroup group, int images) {
    try (Network network = Network.create(OPTIONS, 1)) {
      network.sumGradientsOver(group);
      for (int step = 0; step < STEPS; step++) {
        network.clearGradients();
        backward(network, group.rank(), step, images);
      }
      Map<String, List<Double>> gradients = numbers(network);
      network.sumGradientsOver(null);
      return gradients;
    }
  }

  private static void backward(Network network, int rank, int step, int images) {
    Random random = new Random(100L * step + rank);
    try (FloatTensor batch = Networks.normal(random, images, 1, 12, 12);
        FloatTensor slope = Networks.normal(random, images, OPTIONS.dimension())) {
      if (images > 0) {
        network.forward(batch);
      }
      network.backward(slope);
    }
  }

  private static void assertSums(List<Map<String, List<Double>>> gradients, int... images) {
    List<Map<String, List<Double>>> parts = new ArrayList<>();
    for (int rank = 0; rank < gradients.size(); rank++) {
      if (images[rank] > 0) {
        parts.add(alone(rank, images[rank]));
      }
    }
    for (Map<String, List<Double>> rank : gradients) {
      assertEquals(gradients.getFirst(), rank, "the same bits on every rank");
      rank.forEach(
          (name, values) -> {
            for (int i = 0; i < values.size(); i++) {
              int place = i;
              double sum = parts.stream().mapToDouble(part -> part.get(name).get(place)).sum();
              assertEquals(sum, values.get(i), 1e-6 * Math.max(1, Math.abs(sum)), name);
            }
          });
    }
  }

  private static Map<String, List<Double>> alone(int rank, int images) {
    try (Network network = Network.create(OPTIONS, 1)) {
      backward(network, rank, STEPS - 1, images);
      return numbers(network);
    }
  }

  private static Map<String, List<Double>> numbers(Network network) {
    try (Arena arena = Arena.ofConfined()) {
      return Networks.numbers(network.gradients(arena));
    }
  }

  @Test
  void aNetworkThatLeftTheGroupKeepsItsGradientsToItself() throws Exception {
    List<Map<String, List<Double>>> gradients =
        Ranks.run(
            2,
            group -> {
              try (Network network = Network.create(OPTIONS, 1)) {
                network.sumGradientsOver(group);
                backward(network, group.rank(), 0, 2);
                network.sumGradientsOver(null);
                network.clearGradients();
                backward(network, group.rank(), STEPS - 1, 2);
                return numbers(network);
              }
            });
    assertEquals(alone(1, 2), gradients.get(1));
  }

  @Test
  void aGroupThatWasClosedIsNamed() throws Exception {
    Ranks.run(
        2,
        group -> {
          try (Network network = Network.create(OPTIONS, 1)) {
            network.sumGradientsOver(group);
            backward(network, group.rank(), 0, 2);
            group.barrier();
            group.close();
            assertThrows(IllegalStateException.class, () -> backward(network, group.rank(), 1, 2));
          }
          return null;
        });
  }

  @Test
  void aRankThatIsGoneDuringBackwardIsNamed() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    List<String> messages =
        Ranks.run(
            3,
            group -> {
              try (Network network = Network.create(OPTIONS, 1)) {
                network.sumGradientsOver(group);
                backward(network, group.rank(), 0, 2);
                if (group.rank() == 2) {
                  group.close();
                  left.countDown();
                  return "";
                }
                left.await();
                return assertThrows(
                        RankLostException.class, () -> backward(network, group.rank(), 1, 2))
                    .getMessage();
              }
            });
    assertTrue(messages.get(0).contains("lost rank 2 of 3"), messages.get(0));
    assertTrue(messages.get(1).contains("lost rank 2 of 3"), messages.get(1));
  }
}
