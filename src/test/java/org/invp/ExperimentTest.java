package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The experiment of docs/results: what makes its runs and what sums them up. */
@Tag("slow")
class ExperimentTest {
  /** Plan, runner and statistics have tests of their own, in Python. */
  @Test
  void theScriptsDoWhatTheirTestsSay() throws Exception {
    succeeds("-m", "unittest", "discover", "--start-directory", "scripts");
  }

  @Test
  void theSummaryAndThePlotsAreWhatTheRunsMakeOfThem() throws Exception {
    succeeds("scripts/experiment.py", "--check");
  }

  private static void succeeds(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("python3", "-B"));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
  }
}
