package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignalTest {
  private static final int SIGTERM_EXIT = 143;

  @TempDir Path temp;

  @Test
  void aTerminatedTrainerSavesAndCanGoOn() throws IOException, InterruptedException {
    Path data = TinyRun.writeData(temp.resolve("data"));
    Path config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    Path run = temp.resolve("run");
    String schedule = "optimizer.schedule_epochs=100000";

    Process trainer =
        start(
            "train",
            config,
            "--run-dir",
            run,
            "--set",
            "training.epochs=100000",
            "--set",
            schedule);
    List<String> lines = new ArrayList<>();
    try (BufferedReader output = trainer.inputReader()) {
      String line;
      while ((line = output.readLine()) != null) {
        lines.add(line);
        if (line.startsWith("epoch 1/")) {
          trainer.toHandle().destroy();
        }
      }
    }
    assertTrue(trainer.waitFor(60, TimeUnit.SECONDS));
    assertEquals(SIGTERM_EXIT, trainer.exitValue(), lines::toString);
    assertTrue(lines.get(lines.size() - 1).contains("--resume"), lines::toString);

    int done = Files.readAllLines(run.resolve("metrics.jsonl")).size();
    Process again =
        start("train", "--resume", "--run-dir", run, "--set", "training.epochs=" + (done + 1));
    again.inputReader().lines().forEach(lines::add);
    assertTrue(again.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, again.exitValue(), lines::toString);
    assertEquals(done + 2, Files.readAllLines(run.resolve("metrics.jsonl")).size());
  }

  private static Process start(Object... arguments) throws IOException {
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
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
