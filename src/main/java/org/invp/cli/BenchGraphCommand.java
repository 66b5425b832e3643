package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code invp bench graph}. */
@Command(
    name = "graph",
    description = "Measure the exact graph of a whole bank: every row's nearest other rows.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
final class BenchGraphCommand implements Callable<Integer> {
  private static final int WARM_UP_ROWS = 256;

  @Mixin private BenchOptions common;

  @Option(names = "--rows", paramLabel = "N", description = "Embeddings in the bank.")
  private int rows = 60_000;

  @Option(names = "--neighbours", paramLabel = "K", description = "Neighbours of every row.")
  private int neighbours = 4;

  @Override
  public Integer call() throws JsonProcessingException {
    common.check();
    common.atLeast("--rows", rows, 2);
    common.atLeast("--neighbours", neighbours, 1);
    common.atMost("--neighbours", neighbours, rows - 1, "the number of other rows");
    Map<String, Object> sizes = new LinkedHashMap<>();
    sizes.put("rows", rows);
    sizes.put("neighbours", neighbours);
    common.print("graph", sizes, measure());
    return 0;
  }

  private Map<String, Object> measure() {
    int dimension = common.dimension();
    try (BankEngine engine = common.engine();
        MemoryBank bank = BenchData.bank(rows, dimension, engine)) {
      BenchMeasurement.Work work =
          new BenchMeasurement.Work() {
            /** A whole graph would take as long as a repeat. */
            @Override
            public void warmUp() {
              int few = Math.min(rows, WARM_UP_ROWS);
              bank.nearest(bank.embeddings().slice(few), neighbours + 1);
            }

            @Override
            public void run() {
              NeighbourGraph.build(bank, neighbours).close();
            }
          };
      return BenchMeasurement.of(engine, common.repeats(), work)
          .figures(engine, 2.0 * rows * rows * dimension);
    }
  }
}
