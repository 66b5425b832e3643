package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code invp bench nearest}. */
@Command(
    name = "nearest",
    description = "Measure the exact search for the rows most similar to a batch of queries.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
final class BenchNearestCommand implements Callable<Integer> {
  @Mixin private BenchOptions common;

  @Option(names = "--rows", paramLabel = "N", description = "Embeddings in the bank.")
  private int rows = 1_281_167;

  @Option(names = "--batch", paramLabel = "B", description = "Queries per search.")
  private int batch = 128;

  @Option(names = "--top", paramLabel = "M", description = "Most similar rows to find.")
  private int top = 4096;

  @Override
  public Integer call() throws JsonProcessingException {
    common.check();
    common.atLeast("--rows", rows, 1);
    common.atLeast("--batch", batch, 1);
    common.atLeast("--top", top, 1);
    common.atMost("--top", top, rows, "the number of rows");
    Map<String, Object> sizes = new LinkedHashMap<>();
    sizes.put("rows", rows);
    sizes.put("batch", batch);
    sizes.put("top", top);
    common.print("nearest", sizes, measure());
    return 0;
  }

  private Map<String, Object> measure() {
    int dimension = common.dimension();
    BenchData data = new BenchData();
    try (BankEngine engine = common.engine();
        MemoryBank bank = BenchData.bank(rows, dimension, engine);
        FloatTensor queries = engine.allocateFloats(batch, dimension);
        FloatTensor norms = engine.allocateFloats(batch);
        Search search = new Search(bank, queries, top)) {
      try (FloatTensor drawn = queries.onHost()) {
        data.fillNormal(drawn);
        queries.copyFrom(drawn);
      }
      engine.normalise(queries, queries, norms);
      return BenchMeasurement.of(engine, common.repeats(), search)
          .figures(engine, 2.0 * rows * batch * dimension);
    }
  }

  /** A search whose results are allocated by the first run, so that its memory counts. */
  private static final class Search implements BenchMeasurement.Work, AutoCloseable {
    private final MemoryBank bank;
    private final FloatTensor queries;
    private final int top;
    private IntTensor ids;
    private FloatTensor scores;

    Search(MemoryBank bank, FloatTensor queries, int top) {
      this.bank = bank;
      this.queries = queries;
      this.top = top;
    }

    @Override
    public void run() {
      if (ids == null) {
        ids = bank.engine().allocateInts(queries.shape(0), top);
        scores = bank.engine().allocateFloats(queries.shape(0), top);
      }
      bank.engine().nearest(bank.embeddings(), queries, BankEngine.Order.SIMILARITY, ids, scores);
    }

    @Override
    public void close() {
      if (ids != null) {
        ids.close();
        scores.close();
      }
    }
  }
}
