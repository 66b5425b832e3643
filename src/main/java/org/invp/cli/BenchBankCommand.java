package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.invp.bank.Mode;
import org.invp.objective.ObjectiveOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code invp bench bank}. */
@Command(
    name = "bank",
    description =
        "Measure the memory bank's part of a training step: search, walk, losses, gradient,"
            + " updates.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
final class BenchBankCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;

  @Option(names = "--rows", paramLabel = "N", description = "Embeddings in the bank.")
  private int rows = 1_281_167;

  @Option(names = "--dim", paramLabel = "D", description = "Numbers in an embedding.")
  private int dimension = 128;

  @Option(names = "--batch", paramLabel = "B", description = "Images per step.")
  private int batch = 256;

  @Option(names = "--top", paramLabel = "M", description = "Most similar rows to find.")
  private int top = 4096;

  @Option(names = "--repeats", paramLabel = "R", description = "Steps to measure.")
  private int repeats = 5;

  @Option(names = "--threads", paramLabel = "T", description = "Threads; 0 for all processors.")
  private int threads;

  @Option(names = "--mode", paramLabel = "MODE", description = "${COMPLETION-CANDIDATES}")
  private Mode mode = Mode.PAPER;

  @Option(names = "--search-only", description = "Measure the search alone.")
  private boolean searchOnly;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws JsonProcessingException {
    device.check();
    int neighbours = ObjectiveOptions.published(mode).neighbours();
    atLeast("--rows", rows, 1);
    atLeast("--dim", dimension, 1);
    atLeast("--batch", batch, 1);
    atLeast("--repeats", repeats, 1);
    atLeast("--threads", threads, 0);
    atLeast("--top", top, neighbours + 1);
    if (top > rows || batch > rows) {
      throw wrong("--top %d and --batch %d must not exceed --rows %d".formatted(top, batch, rows));
    }
    int used = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    Map<String, Object> result =
        new BankBenchmark(rows, dimension, batch, top, repeats, used, mode, searchOnly).run();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(JsonMapper.builder().build().writeValueAsString(result));
    } else {
      result.forEach((name, value) -> out.printf("%-12s %s%n", name, value));
    }
    out.flush();
    return 0;
  }

  private void atLeast(String option, int value, int least) {
    if (value < least) {
      throw wrong("%s is %d, allowed: at least %d".formatted(option, value, least));
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
