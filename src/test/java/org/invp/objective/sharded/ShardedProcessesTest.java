package org.invp.objective.sharded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.invp.distributed.Hosts;
import org.invp.distributed.Ranks;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks as processes of their own: on one host, and on hosts of their own. */
@Tag("slow")
class ShardedProcessesTest {
  private static final int CASES = 10;

  @TempDir Path temp;

  @Test
  void processesTogetherDoWhatOneProcessDoes() throws Exception {
    List<Long> seeds = new Random().longs(CASES).boxed().toList();
    String port = String.valueOf(Ranks.freePort());
    List<Process> ranks = new ArrayList<>();
    for (int rank = 0; rank < 3; rank++) {
      ranks.add(start(List.of(), seeds, rank, 3, "127.0.0.1", port, "lo"));
    }
    check(ranks, seeds);
  }

  @Test
  void ranksOnSeparateHostsDoWhatOneProcessDoes() throws Exception {
    List<Long> seeds = new Random().longs(CASES).boxed().toList();
    Optional<String> obstacle = Hosts.obstacle();
    assumeTrue(obstacle.isEmpty(), () -> "no network namespaces here: " + obstacle.orElseThrow());
    try (Hosts hosts = Hosts.create(3)) {
      List<Process> ranks = new ArrayList<>();
      for (int rank = 0; rank < 3; rank++) {
        ranks.add(
            start(hosts.command(rank), seeds, rank, 3, hosts.address(0), "29500", Hosts.INTERFACE));
      }
      check(ranks, seeds);
    }
  }

  private void check(List<Process> ranks, List<Long> seeds) throws Exception {
    try {
      for (Process rank : ranks) {
        String output = new String(rank.getInputStream().readAllBytes());
        assertEquals(0, rank.waitFor(), output);
      }
    } finally {
      ranks.forEach(Process::destroyForcibly);
    }
    List<DataInputStream> files = new ArrayList<>();
    try {
      for (int rank = 0; rank < ranks.size(); rank++) {
        files.add(new DataInputStream(Files.newInputStream(file(rank))));
      }
      for (long seed : seeds) {
        List<ShardedCase.Result> parts = new ArrayList<>();
        for (DataInputStream file : files) {
          parts.add(ShardedCase.Result.read(file));
        }
        ShardedEquality.check(new ShardedCase(seed, ranks.size()), parts);
      }
    } finally {
      for (DataInputStream file : files) {
        file.close();
      }
    }
  }

  private Path file(int rank) {
    return temp.resolve("rank" + rank);
  }

  private Process start(
      List<String> prefix, List<Long> seeds, int rank, int size, String... meeting)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m"));
    for (String property : List.of("invp.native.dir", "invp.libtorch")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), ShardedRank.class.getName()));
    command.addAll(List.of(String.valueOf(rank), String.valueOf(size)));
    command.addAll(List.of(meeting));
    command.add(file(rank).toString());
    seeds.forEach(seed -> command.add(seed.toString()));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
