package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.invp.bank.BankEngine;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class BenchTest {
  private static final String TINY = " --dim 16 --repeats 2 --threads 2 --json";

  /** What a command printed and returned. */
  private record Result(int code, String out, String err) {}

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nearest --rows 500 --batch 8 --top 64",
        "bank --rows 500 --batch 8 --top 64",
        "bank --rows 500 --batch 8 --top 64 --mode official",
        "graph --rows 500 --neighbours 4"
      })
  void everyPartPrintsOneJsonObject(String part) throws IOException {
    Result result = bench(part + TINY);
    assertEquals(0, result.code, result.err);
    assertEquals(1, result.out.lines().count(), result.out);
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    assertEquals(part.split(" ")[0], json.get("part").asText());
    for (String name : List.of("median_s", "min_s", "gflops", "peak_gflops", "peak_share")) {
      assertTrue(json.get(name).asDouble() > 0, name + " in " + result.out);
    }
    assertTrue(json.get("median_s").asDouble() >= json.get("min_s").asDouble());
    assertTrue(json.has("extra_mb"));
    assertEquals(500, json.get("rows").asInt());
    assertEquals(16, json.get("dim").asInt());
    assertEquals(2, json.get("repeats").asInt());
    assertEquals(2, json.get("threads").asInt());
  }

  @Test
  void aShardedStepPrintsItsBytes() throws IOException {
    Result result = bench("sharded --ranks 2 --rows 300 --batch 4 --top 32" + TINY);
    assertEquals(0, result.code, result.err);
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    assertTrue(json.get("median_s").asDouble() > 0, result.out);
    assertTrue(json.get("sent_bytes").asDouble() > 0, result.out);
    assertTrue(json.get("received_bytes").asDouble() > 0, result.out);
  }

  @Test
  void operationsAreThoseOfTheSearch() throws IOException {
    Result result = bench("graph --rows 300 --dim 8 --repeats 1 --json");
    JsonNode json = JsonMapper.builder().build().readTree(result.out);
    assertEquals(
        2 * 300.0 * 300 * 8,
        json.get("gflops").asDouble() * 1e9 * json.get("median_s").asDouble(),
        1e-3);
  }

  @Test
  void withoutJsonThereIsOneFigurePerLine() {
    Result result = bench("nearest --rows 50 --dim 8 --batch 2 --top 5 --repeats 1");
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.lines().anyMatch(line -> line.matches("peak_share +\\S+")), result.out);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|the part to measure is missing: nearest, bank, graph, sharded, loader",
        "walk|walk",
        "nearest --rows 10 --top 11|--top is 11, allowed: at most 10",
        "nearest --top 0|--top is 0, allowed: at least 1",
        "nearest --batch 0|--batch is 0",
        "nearest --dim 0|--dim is 0",
        "nearest --repeats 0|--repeats is 0",
        "nearest --threads -1|--threads is -1",
        "nearest --device gpu|unknown device 'gpu', allowed: cpu",
        "bank --rows 10 --top 5 --batch 11|--batch is 11, allowed: at most 10",
        "bank --mode mine|mine",
        "bank --top 3|--top is 3, allowed: at least 5",
        "bank --rows many|many",
        "graph --rows 10 --neighbours 10|--neighbours is 10, allowed: at most 9",
        "graph --rows 1|--rows is 1, allowed: at least 2",
        "loader --images 0|--images is 0, allowed: at least 1",
        "loader --batch 0|--batch is 0, allowed: at least 1",
        "loader --threads -1|--threads is -1",
        "loader --decode half|half",
        "loader --dim 8|--dim",
      })
  void wrongUseIsOneLineAndExitCodeTwo(String line, String expected) {
    Result result = bench(line);
    assertEquals(2, result.code, result.err);
    assertTrue(result.err.contains(expected), result.err);
    assertEquals(1, result.err.lines().count(), result.err);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nearest", "graph", "loader"})
  void everyPartHasHelp(String part) {
    Result result = bench(part + " --help");
    assertEquals(0, result.code, result.err);
    assertTrue(result.out.contains("Usage: invp bench " + part), result.out);
  }

  @Test
  void drawnImagesDoNotRepeat() {
    try (IntTensor ids = IntTensor.allocate(40)) {
      new BenchData().fillDistinctIds(ids, 50);
      assertEquals(40, Arrays.stream(ids.toArray()).distinct().count());
    }
  }

  @Test
  void thePeakIsMeasuredForAPositiveTimeOnly() {
    try (BankEngine engine = BankEngine.cpu(2)) {
      assertTrue(engine.peakGflops(0.001) > 0);
      for (double seconds : new double[] {0, -1, Double.NaN, 61}) {
        assertThrows(IllegalArgumentException.class, () -> engine.peakGflops(seconds));
      }
    }
  }

  private static Result bench(String line) {
    String[] args = ("bench " + line).strip().split(" ");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Result(code, out.toString(), err.toString());
  }
}
