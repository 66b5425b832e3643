package org.invp.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code invp import}, then everything that can be done with what came in. */
@Tag("slow")
class WeightsCommandsTest {
  @TempDir Path temp;
  private Path data;
  private Path config;
  private Path checkpoint;

  @BeforeEach
  void files() throws IOException {
    data = TinyRun.writeData(temp.resolve("data"));
    config = Files.writeString(temp.resolve("tiny.yaml"), TinyRun.yaml(data));
    checkpoint = temp.resolve("old.pth");
    try (InputStream in = getClass().getResourceAsStream("/weights/old.pth")) {
      Files.write(checkpoint, in.readAllBytes());
    }
  }

  @Test
  void thePublishedProgramsCheckpointIsARunWithItsBank() {
    Path run = temp.resolve("run");
    String out =
        done("import", checkpoint, "--out", run, "--config", config, "--set", "training.epochs=4");
    assertTrue(out.contains("resnet18, stem cifar, width 2, 1 channels"), out);
    assertTrue(out.contains("momentum: train --resume goes on with epoch 3"), out);
    done("eval", "knn", run, "--set", "evaluation.k=3", "--features", "bank,embedding");
    String resumed = done("train", "--resume", "--run-dir", run);
    assertTrue(resumed.contains("epoch 3/4"), resumed);
    assertTrue(resumed.contains("epoch 4/4"), resumed);
    assertFalse(resumed.contains("epoch 2/4"), resumed);
  }

  @Test
  void weightsAloneAreARunToo() throws IOException {
    Path run = temp.resolve("run");
    String out = done("import", checkpoint, "--out", run, "--head", "none", "--config", config);
    assertTrue(out.contains("the embedding is the backbone's features, 16 numbers"), out);
    done("embed", run, data, "--out", temp.resolve("x.npy"));
    done("embed", run, data, "--out", temp.resolve("x.safetensors"));
    Path table = temp.resolve("x.parquet");
    done("embed", run, data, "--out", table);
    try (ParquetFileReader parquet = ParquetFileReader.open(InputFile.of(table))) {
      assertEquals(TinyRun.TEST_IMAGES, parquet.getFileMetaData().numRows());
    }
    assertRefused(2, "none of .npy,", "embed", run, data, "--out", temp.resolve("x.csv"));
    assertRefused(1, "is no folder", "embed", run, data, "--out", temp.resolve("none/x.parquet"));
    done("export", run, "--format", "onnx-free-features", "--out", temp.resolve("features"));
    assertEquals(
        TinyRun.TEST_IMAGES,
        Files.readAllLines(temp.resolve("features").resolve("images.txt")).size());
    assertTrue(
        Files.readString(temp.resolve("features").resolve("features.json"))
            .contains("\"format\" : \"invp features 1\""));
    Path again = temp.resolve("again.pth");
    done("export", run, "--format", "torchvision", "--out", again);
    done("export", run, "--format", "detectron2", "--out", temp.resolve("d2.pkl"));
    done("import", again, "--out", temp.resolve("run2"), "--architecture", "resnet18");
    assertRefused(
        2,
        "--head is for",
        "export",
        run,
        "--format",
        "detectron2",
        "--head",
        "fc",
        "--out",
        again);
    assertRefused(
        1,
        "not a resnet50",
        "import",
        again,
        "--out",
        temp.resolve("run3"),
        "--architecture",
        "resnet50");
    assertRefused(
        2,
        "cannot be set",
        "import",
        again,
        "--out",
        temp.resolve("run3"),
        "--set",
        "network.width=3");
    assertRefused(1, "already holds a run", "import", again, "--out", run);
    assertRefused(1, "no memory bank", "eval", "knn", run, "--features", "bank");
  }

  private static String done(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    assertEquals(0, run(out, err, arguments), err.toString());
    return out.toString();
  }

  private static void assertRefused(int code, String expected, Object... arguments) {
    StringWriter err = new StringWriter();
    assertEquals(code, run(new StringWriter(), err, arguments), err.toString());
    assertTrue(err.toString().contains(expected), err.toString());
    assertEquals(1, err.toString().lines().count(), err.toString());
  }

  private static int run(StringWriter out, StringWriter err, Object... arguments) {
    String[] texts = new String[arguments.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = arguments[i].toString();
    }
    return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), texts);
  }
}
