package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.bank.Mode;
import org.invp.objective.ObjectiveOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code invp bench sharded}. */
@Command(
    name = "sharded",
    description =
        "Measure the memory bank's part of a training step when the bank lies in several ranks, "
            + "and what each moves. The ranks are threads of this process that meet over loopback.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
final class BenchShardedCommand implements Callable<Integer> {
  @Mixin private BenchRuns common;

  @Option(names = "--ranks", paramLabel = "R", description = "Shards of the bank.")
  private int ranks = 2;

  @Option(names = "--rows", paramLabel = "N", description = "Embeddings in the whole bank.")
  private int rows = 60_000;

  @Option(names = "--batch", paramLabel = "B", description = "Images per rank and step.")
  private int batch = 64;

  @Option(names = "--top", paramLabel = "M", description = "Most similar rows to find.")
  private int top = 4096;

  @Option(names = "--dim", paramLabel = "D", description = "Numbers in an embedding.")
  private int dimension = 128;

  @Option(names = "--mode", paramLabel = "MODE", description = "${COMPLETION-CANDIDATES}")
  private Mode mode = Mode.PAPER;

  @Override
  public Integer call() throws JsonProcessingException {
    common.check();
    common.atLeast("--ranks", ranks, 1);
    common.atLeast("--rows", rows, ranks);
    common.atLeast("--batch", batch, 1);
    common.atLeast("--dim", dimension, 1);
    common.atLeast("--top", top, ObjectiveOptions.published(mode).neighbours() + 1);
    common.atMost("--top", top, rows, "the number of rows");
    Map<String, Object> sizes = new LinkedHashMap<>();
    sizes.put("mode", mode.name().toLowerCase(Locale.ROOT));
    sizes.put("ranks", ranks);
    sizes.put("rows", rows);
    sizes.put("batch", batch);
    sizes.put("top", top);
    sizes.put("dim", dimension);
    int threads = Math.max(1, common.threads() / ranks);
    ShardedBenchmark benchmark =
        new ShardedBenchmark(ranks, rows, dimension, batch, top, mode, threads, common.repeats());
    common.print("sharded", sizes, benchmark.run());
    return 0;
  }
}
