package org.invp.distributed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.distributed.ProcessGroup.Traffic;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class ProcessGroupTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void everyRankHasTheSumOfAll(int size) throws Exception {
    List<float[]> sums =
        Ranks.run(
            size,
            group -> {
              try (FloatTensor data = FloatTensor.of(new float[] {group.rank(), 1}, 2)) {
                group.allReduce(data, Reduction.SUM);
                return data.toArray();
              }
            });
    for (float[] sum : sums) {
      assertArrayEquals(new float[] {size * (size - 1) / 2f, size}, sum);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void gatheredTensorsLieInTheOrderOfTheRanks(int size) throws Exception {
    List<int[]> gathered =
        Ranks.run(
            size,
            group -> {
              try (IntTensor mine = IntTensor.of(new int[] {10 * group.rank(), 7}, 2);
                  IntTensor all = IntTensor.allocate(size, 2)) {
                group.allGather(mine, all);
                return all.toArray();
              }
            });
    for (int[] all : gathered) {
      for (int rank = 0; rank < size; rank++) {
        assertEquals(10 * rank, all[2 * rank]);
        assertEquals(7, all[2 * rank + 1]);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void reduceScatterLeavesEachRankItsPartOfTheSum(int size) throws Exception {
    List<float[]> parts =
        Ranks.run(
            size,
            group -> {
              try (FloatTensor all = FloatTensor.allocate(size, 3);
                  FloatTensor mine = FloatTensor.allocate(3)) {
                for (int i = 0; i < 3 * size; i++) {
                  all.set(i, i * (group.rank() + 1));
                }
                group.reduceScatter(all, mine);
                return mine.toArray();
              }
            });
    float factor = size * (size + 1) / 2f;
    for (int rank = 0; rank < size; rank++) {
      for (int i = 0; i < 3; i++) {
        assertEquals(factor * (3 * rank + i), parts.get(rank)[i]);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void everyRankHasWhatTheOthersHaveForIt(int size) throws Exception {
    List<int[]> parts =
        Ranks.run(
            size,
            group -> {
              try (IntTensor all = IntTensor.allocate(size, 2);
                  IntTensor received = IntTensor.allocate(size, 2)) {
                for (int to = 0; to < size; to++) {
                  all.set(2L * to, group.rank());
                  all.set(2L * to + 1, to);
                }
                group.allToAll(all, received);
                long each = 8L * (size - 1);
                assertEquals(new Traffic(each, each), group.traffic());
                return received.toArray();
              }
            });
    for (int rank = 0; rank < size; rank++) {
      for (int from = 0; from < size; from++) {
        assertEquals(from, parts.get(rank)[2 * from]);
        assertEquals(rank, parts.get(rank)[2 * from + 1]);
      }
    }
  }

  @Test
  void numbersOfTheHeapAreReducedToo() throws Exception {
    List<double[]> results =
        Ranks.run(
            3,
            group -> {
              double[] sum = {0.1 * group.rank()};
              long[] largest = {5L << (32 + group.rank())};
              group.allReduce(sum, Reduction.SUM);
              group.allReduce(largest, Reduction.MAX);
              return new double[] {sum[0], largest[0]};
            });
    for (double[] result : results) {
      assertEquals(0.3, result[0], 1e-15);
      assertEquals(5L << 34, (long) result[1]);
      assertArrayEquals(results.getFirst(), result, "the same bits on every rank");
    }
  }

  @Test
  void theRootsTensorReachesAll() throws Exception {
    List<Float> values =
        Ranks.run(
            3,
            group -> {
              try (FloatTensor data = FloatTensor.of(new float[] {group.rank()}, 1)) {
                group.broadcast(data, 2);
                return data.get(0);
              }
            });
    assertEquals(List.of(2f, 2f, 2f), values);
  }

  @Test
  void trafficCountsWhatCollectivesMoved() throws Exception {
    List<Traffic> traffic =
        Ranks.run(
            3,
            group -> {
              try (FloatTensor mine = FloatTensor.allocate(10);
                  FloatTensor all = FloatTensor.allocate(30)) {
                group.allGather(mine, all);
                group.allReduce(mine, Reduction.SUM);
                return group.traffic();
              }
            });
    assertEquals(new Traffic(80, 120), traffic.getFirst());
  }

  @Test
  void tensorsThatDoNotFitAreRefusedBeforeAnythingIsSent() throws Exception {
    Ranks.run(
        2,
        group -> {
          try (FloatTensor mine = FloatTensor.allocate(2);
              FloatTensor all = FloatTensor.allocate(5)) {
            assertThrows(IllegalArgumentException.class, () -> group.allGather(mine, all));
          }
          return null;
        });
  }

  @Test
  void aRankThatLeavesIsNamedByTheOthers() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    List<String> messages =
        Ranks.run(
            3,
            group -> {
              group.barrier();
              if (group.rank() == 1) {
                group.close();
                left.countDown();
                return "";
              }
              left.await();
              return assertThrows(RankLostException.class, group::barrier).getMessage();
            });
    assertTrue(messages.get(0).contains("lost rank 1 of 3"), messages.get(0));
    assertTrue(messages.get(2).contains("lost rank 1 of 3"), messages.get(2));
  }

  @Test
  void aMeetingThatNobodyElseAttendsEndsInTime() {
    Membership lonely =
        new Membership(0, 2, 0, "127.0.0.1", Ranks.freePort(), "lo", Duration.ofSeconds(1));
    RankLostException error =
        assertThrows(RankLostException.class, () -> ProcessGroup.join(lonely));
    assertTrue(error.getMessage().contains("not all 2 ranks met"), error.getMessage());
  }

  @Test
  void whoMeetsAtTheStoreOfAnotherJobIsToldSoAndThatJobGoesOn() throws Exception {
    int port = Ranks.freePort();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<ProcessGroup> first = threads.submit(() -> ProcessGroup.join(at(port, 0, 2, "a")));
      assertRefused(at(port, 1, 3, "a"), "another job has that port (2 ranks, a; this one: 3");
      assertRefused(at(port, 1, 2, "b"), "another job has that port (2 ranks, a; this one: 2");
      assertRefused(at(port, 0, 2, "b"), "could not listen at 127.0.0.1");
      Future<ProcessGroup> second = threads.submit(() -> ProcessGroup.join(at(port, 1, 2, "a")));
      try (ProcessGroup zero = first.get();
          ProcessGroup one = second.get()) {
        assertRefused(at(port, 1, 2, "a"), "another process is rank 1 there");
        Future<?> other = threads.submit(one::barrier);
        zero.barrier();
        other.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  private static Membership at(int port, int rank, int size, String job) {
    return new Membership(rank, size, rank, "127.0.0.1", port, "lo", Duration.ofSeconds(60), job);
  }

  private static void assertRefused(Membership stranger, String why) {
    RankLostException error =
        assertThrows(RankLostException.class, () -> ProcessGroup.join(stranger));
    assertTrue(error.getMessage().contains(why), error.getMessage());
    assertTrue(RankLostException.isMessage(error.getMessage()), error.getMessage());
  }

  /** The kernel takes the connection, and nobody reads what is sent. */
  @Test
  void whoMeetsAtAPortThatNeverAnswersIsTold() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Membership stranger =
          new Membership(1, 2, 0, "127.0.0.1", mute.getLocalPort(), "lo", Duration.ofMillis(100));
      assertRefused(stranger, "did not answer");
    }
  }

  @Test
  void whoDoesNotComeIsNamed() {
    Membership lonely =
        new Membership(0, 3, 0, "127.0.0.1", Ranks.freePort(), "lo", Duration.ofMillis(100));
    assertRefused(lonely, "rank 1, 2 did not come within 100 ms");
  }

  @Test
  void aClosedGroupSaysSo() throws Exception {
    Ranks.run(
        2,
        group -> {
          group.barrier();
          group.close();
          group.close();
          assertThrows(IllegalStateException.class, group::barrier);
          return null;
        });
  }

  /** Neither the store nor Gloo asks who connects. */
  @Test
  void ranksThatMeetOnOneMachineListenToNobodyElse() throws Exception {
    List<List<String>> listening =
        Ranks.run(
            2,
            null,
            Duration.ofSeconds(60),
            group -> {
              try (FloatTensor data = FloatTensor.of(new float[] {1}, 1)) {
                group.allReduce(data, Reduction.SUM);
                return listeningAddresses();
              }
            });
    for (List<String> addresses : listening) {
      assertTrue(addresses.size() >= 2, addresses::toString);
      addresses.forEach(
          address ->
              assertTrue(
                  address.equals("0100007F")
                      || address.endsWith("FFFF00000100007F")
                      || address.equals("00000000000000000000000001000000"),
                  address));
    }
  }

  /** Of this process's sockets, in hexadecimal as the kernel writes them. */
  private static List<String> listeningAddresses() throws IOException {
    Set<String> own = new HashSet<>();
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      for (Path file : files.toList()) {
        if (Files.isSymbolicLink(file)) {
          own.add(Files.readSymbolicLink(file).toString());
        }
      }
    }
    List<String> addresses = new ArrayList<>();
    for (String table : List.of("/proc/self/net/tcp", "/proc/self/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] fields = line.strip().split("\\s+");
        if (fields[3].equals("0A") && own.contains("socket:[" + fields[9] + "]")) {
          addresses.add(fields[1].split(":")[0]);
        }
      }
    }
    return addresses;
  }
}
