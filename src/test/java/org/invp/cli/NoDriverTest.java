package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The commands on a machine without a CUDA driver, each in a process of its own: others of these
 * tests load the emulated device, which stands in for the driver.
 */
@Tag("slow")
class NoDriverTest {
  private static final String NO_DRIVER =
      "no CUDA driver: looked for libcuda.so.1 in the system's library path and found none, and the"
          + " kernel module nvidia is not loaded;";

  @TempDir static Path temp;
  private static Path config;
  private static Path run;

  /** Standard output and standard error of a command. */
  private record Result(int code, List<String> lines, List<String> errors) {}

  @BeforeAll
  static void trainOnWhatThereIs() throws IOException, InterruptedException {
    assumeFalse(hasDriver(), "this machine has a CUDA driver");
    Path data = TinyRun.writeData(temp.resolve("data"));
    config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    run = temp.resolve("run");
    Result result = invp("train", config, "--run-dir", run, "--device", "auto");
    assertEquals(0, result.code, result.errors::toString);
    assertTrue(
        result.errors.get(0).startsWith("invp: device auto: cpu (" + NO_DRIVER),
        result.errors::toString);
  }

  @Test
  void cudaIsRefusedInOneLineBeforeAnythingIsWritten() throws IOException, InterruptedException {
    Path other = temp.resolve("other");
    assertRefused(invp("train", config, "--run-dir", other, "--device", "cuda"));
    assertRefused(invp("train", config, "--run-dir", other, "--ranks", "2", "--device", "cuda"));
    assertTrue(Files.notExists(other.resolve("metrics.jsonl")));
  }

  @Test
  void everyEvaluationRefusesItInOneLine() throws IOException, InterruptedException {
    for (String protocol : List.of("knn", "linear", "logistic", "semi", "finetune", "retrieval")) {
      assertRefused(invp("eval", protocol, run, "--device", "cuda:0"));
    }
    assertRefused(
        invp(
            "embed",
            run,
            temp.resolve("data"),
            "--out",
            temp.resolve("x.npy"),
            "--device",
            "cuda"));
  }

  @Test
  void infoListsTheProcessorAndWhyThereIsNoGpu() throws IOException, InterruptedException {
    Result result = invp("info");
    assertEquals(0, result.code, result.lines::toString);
    assertTrue(result.lines.stream().anyMatch(line -> line.startsWith("device cpu ")));
    assertTrue(
        result.lines.stream()
            .anyMatch(line -> line.matches("cuda +not available: .*") && line.contains(NO_DRIVER)),
        result.lines::toString);
  }

  private static void assertRefused(Result result) {
    assertEquals(1, result.code, result.errors::toString);
    assertEquals(1, result.errors.size(), result.errors::toString);
    assertTrue(result.errors.get(0).startsWith("invp: " + NO_DRIVER), result.errors::toString);
  }

  private static boolean hasDriver() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup("libcuda.so.1", arena);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Result invp(Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    for (String property : List.of("invp.native.dir", "invp.libtorch")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Path errors = Files.createTempFile(temp, "errors", ".txt");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    List<String> lines = process.inputReader().lines().toList();
    return new Result(process.waitFor(), lines, Files.readAllLines(errors));
  }
}
