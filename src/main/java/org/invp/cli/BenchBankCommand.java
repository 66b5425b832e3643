package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.bank.BankEngine;
import org.invp.bank.Mode;
import org.invp.objective.ObjectiveOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code invp bench bank}. */
@Command(
    name = "bank",
    description =
        "Measure the memory bank's whole part of a training step: search, walk, losses, gradient,"
            + " updates.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
final class BenchBankCommand implements Callable<Integer> {
  @Mixin private BenchOptions common;

  @Option(names = "--rows", paramLabel = "N", description = "Embeddings in the bank.")
  private int rows = 1_281_167;

  @Option(names = "--batch", paramLabel = "B", description = "Images per step.")
  private int batch = 128;

  @Option(names = "--top", paramLabel = "M", description = "Most similar rows to find.")
  private int top = 4096;

  @Option(names = "--mode", paramLabel = "MODE", description = "${COMPLETION-CANDIDATES}")
  private Mode mode = Mode.PAPER;

  @Override
  public Integer call() throws JsonProcessingException {
    common.check();
    common.atLeast("--rows", rows, 1);
    common.atLeast("--batch", batch, 1);
    common.atLeast("--top", top, ObjectiveOptions.published(mode).neighbours() + 1);
    common.atMost("--batch", batch, rows, "the number of rows");
    common.atMost("--top", top, rows, "the number of rows");
    Map<String, Object> sizes = new LinkedHashMap<>();
    sizes.put("mode", mode.name().toLowerCase(Locale.ROOT));
    sizes.put("rows", rows);
    sizes.put("batch", batch);
    sizes.put("top", top);
    BankBenchmark benchmark =
        new BankBenchmark(rows, common.dimension(), batch, top, common.repeats(), mode);
    try (BankEngine engine = common.engine()) {
      common.print("bank", sizes, benchmark.run(engine));
    }
    return 0;
  }
}
