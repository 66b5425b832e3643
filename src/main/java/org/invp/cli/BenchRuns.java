package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.invp.internal.Text;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How often and on how many threads something is measured, and how the figures are printed. */
class BenchRuns {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--repeats", paramLabel = "R", description = "How often to measure.")
  private int repeats = 5;

  @Option(names = "--threads", paramLabel = "T", description = "Threads; 0 for all processors.")
  private int threads;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  int repeats() {
    return repeats;
  }

  int threads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  /** Refuses values that make no sense. */
  void check() {
    atLeast("--repeats", repeats, 1);
    atLeast("--threads", threads, 0);
  }

  /** Refuses a value below the least allowed. */
  void atLeast(String option, int value, int least) {
    if (value < least) {
      throw wrong(Text.format("%s is %d, allowed: at least %d", option, value, least));
    }
  }

  /** Refuses a value above the most allowed. */
  void atMost(String option, int value, int most, String reason) {
    if (value > most) {
      throw wrong(Text.format("%s is %d, allowed: at most %d, %s", option, value, most, reason));
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(command.commandLine(), message);
  }

  /** Prints the part, its sizes, the common options and what was measured. */
  void print(String part, Map<String, Object> sizes, Map<String, Object> measured)
      throws JsonProcessingException {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("part", part);
    result.putAll(sizes);
    result.put("repeats", repeats);
    result.put("threads", threads());
    result.putAll(measured);
    PrintWriter out = command.commandLine().getOut();
    if (json) {
      out.println(JsonMapper.builder().build().writeValueAsString(result));
    } else {
      result.forEach((name, value) -> out.printf(Locale.ROOT, "%-12s %s%n", name, value));
    }
    out.flush();
  }
}
