package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvpException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.distributed.Ranks;
import org.invp.io.NamedTensor;
import org.invp.nn.Network;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class ReplicasTest {
  private static final TrainingConfig CONFIG =
      ConfigFile.parse("test", TinyRun.yaml(Path.of("nowhere")), List.of());

  private interface Body<T> {
    T run(Replicas replicas, Network network, int rank) throws Exception;
  }

  /** Networks that differ from rank to rank, and have running statistics. */
  private static <T> List<T> onRanks(int size, Body<T> body) throws Exception {
    return Ranks.run(
        size,
        group -> {
          try (Network network = Network.create(Setup.networkOptions(CONFIG, 1), group.rank());
              Sgd optimizer = new Sgd(network, 0.9, 0, false);
              Replicas replicas = new Replicas(group, network, optimizer);
              FloatTensor images = FloatTensor.allocate(2, 1, 12, 12)) {
            for (long i = 0; i < images.size(); i++) {
              images.set(i, (float) Math.sin(i * (group.rank() + 1)));
            }
            network.forward(images);
            return body.run(replicas, network, group.rank());
          }
        });
  }

  @Test
  void theyBeginAsRankZeros() throws Exception {
    List<float[]> weights =
        onRanks(
            3,
            (replicas, network, rank) -> {
              replicas.begin();
              replicas.requireEqual("now");
              return floats(network, "conv1.weight");
            });
    try (Network first = Network.create(Setup.networkOptions(CONFIG, 1), 0)) {
      for (float[] rank : weights) {
        assertArrayEquals(floats(first, "conv1.weight"), rank);
      }
    }
  }

  @Test
  void aReplicaThatDiffersIsNamedOnEveryRank() throws Exception {
    List<String> messages =
        onRanks(
            3,
            (replicas, network, rank) -> {
              replicas.begin();
              if (rank == 2) {
                change(network, "layer1.0.conv1.weight");
              }
              return assertThrows(InvpException.class, () -> replicas.requireEqual("after epoch 3"))
                  .getMessage();
            });
    for (String message : messages) {
      assertEquals(
          "the replicas differ after epoch 3: rank 2 has another layer1.0.conv1.weight than rank 0",
          message);
    }
  }

  @Test
  void runningStatisticsBecomeTheMeanOfTheRanks() throws Exception {
    List<float[][]> statistics =
        onRanks(
            3,
            (replicas, network, rank) -> {
              float[] before = floats(network, "bn1.running_mean");
              replicas.averageStatistics();
              return new float[][] {before, floats(network, "bn1.running_mean")};
            });
    for (float[][] rank : statistics) {
      for (int i = 0; i < rank[1].length; i++) {
        double mean = 0;
        for (float[][] other : statistics) {
          mean += other[0][i] / 3.0;
        }
        assertEquals(mean, rank[1][i], 1e-6);
      }
    }
  }

  private static void change(Network network, String name) {
    try (Arena arena = Arena.ofConfined()) {
      List<NamedTensor> state = network.state(arena);
      NamedTensor tensor = named(state, name);
      float value = tensor.data().get(ValueLayout.JAVA_FLOAT, 0);
      tensor.data().set(ValueLayout.JAVA_FLOAT, 0, Math.nextUp(value));
      network.load(state);
    }
  }

  private static float[] floats(Network network, String name) {
    try (Arena arena = Arena.ofConfined()) {
      return named(network.state(arena), name).data().toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static NamedTensor named(List<NamedTensor> state, String name) {
    return state.stream().filter(tensor -> tensor.name().equals(name)).findFirst().orElseThrow();
  }
}
