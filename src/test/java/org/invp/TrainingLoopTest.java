package org.invp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.invp.nn.Network;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** examples/ has a training loop on the library alone. */
class TrainingLoopTest {
  private static final Path PROGRAM =
      Path.of("examples/src/main/java/org/invp/examples/TrainingLoop.java");
  private static final int LINES = 60;

  @TempDir Path folder;

  @Test
  void itTrainsANetworkThatCanBeLoaded() throws Exception {
    Path data = folder.resolve("data");
    Path weights = folder.resolve("weights.safetensors");
    TinyRun.writeData(data, 128);
    Path classes =
        ExampleProgram.compile(
            PROGRAM, folder.resolve("classes"), ExampleProgram.library().toString());
    URL[] places = {classes.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(places)) {
      loader
          .loadClass("org.invp.examples.TrainingLoop")
          .getMethod("main", String[].class)
          .invoke(null, (Object) new String[] {data.toString(), "128", "2", weights.toString()});
    }
    try (Network network = Network.load(weights)) {
      assertEquals(128, network.embeddingDimension());
    }
  }

  @Test
  void itReadsInOneSitting() throws Exception {
    long lines =
        Files.readAllLines(PROGRAM).stream()
            .filter(line -> !line.isBlank() && !line.startsWith("import "))
            .count();
    assertTrue(lines <= LINES, lines + " lines");
  }
}
