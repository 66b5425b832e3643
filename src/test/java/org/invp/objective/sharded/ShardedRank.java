package org.invp.objective.sharded;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.invp.bank.Device;
import org.invp.distributed.Membership;
import org.invp.distributed.ProcessGroup;

/** The program of one rank: takes the steps of cases and writes what it has then. */
final class ShardedRank {
  private ShardedRank() {}

  /** Rank, size, host, port, interface, file, then the cases' seeds. */
  public static void main(String[] arguments) throws IOException {
    int rank = Integer.parseInt(arguments[0]);
    int size = Integer.parseInt(arguments[1]);
    Membership membership =
        new Membership(
            rank,
            size,
            rank,
            arguments[2],
            Integer.parseInt(arguments[3]),
            arguments[4],
            Duration.ofSeconds(60));
    try (ProcessGroup group = ProcessGroup.join(membership);
        DataOutputStream out = new DataOutputStream(Files.newOutputStream(Path.of(arguments[5])))) {
      for (int i = 6; i < arguments.length; i++) {
        new ShardedCase(Long.parseLong(arguments[i]), size).part(group, Device.CPU).write(out);
      }
      // Rank 0 serves the others' meeting place.
      group.barrier();
    }
  }
}
