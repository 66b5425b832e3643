package org.invp.data;

import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.invp.io.DType;
import org.invp.io.Fingerprint;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WaferDatasetTest {
  @TempDir Path folder;
  private final Arena arena = Arena.ofConfined();

  private int[] sizes = {2, 3, 1, 2, 2, 2, 1, 1, 1, 1};
  private int[] labels = {0, 8, -1, 3, -1};
  private byte[] parts = {0, 1, 2, 0, 1};
  private byte[] maps = {0, 1, 2, 2, 1, 0, 1, 2, 0, 0, 1, 1, 2, 1};

  @AfterEach
  void release() {
    arena.close();
  }

  @BeforeEach
  void write() {
    Safetensors.write(
        folder.resolve("wm811k.safetensors"),
        Map.of(),
        List.of(
            tensor("sizes", DType.I32, sizes.length / 2, 2, ints(sizes)),
            tensor("labels", DType.I32, labels.length, 1, ints(labels)),
            tensor("parts", DType.U8, parts.length, 1, bytes(parts)),
            tensor("maps", DType.U8, maps.length, 1, bytes(maps))));
  }

  private static NamedTensor tensor(
      String name, DType type, long rows, long columns, MemorySegment data) {
    long[] shape = columns == 1 ? new long[] {rows} : new long[] {rows, columns};
    return new NamedTensor(name, type, shape, data);
  }

  private MemorySegment ints(int[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_INT, values);
  }

  private MemorySegment bytes(byte[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, values);
  }

  private WaferDataset open(Split split, boolean unlabelled) {
    return WaferDataset.open(folder, split, new FormatOptions.Wafers(unlabelled));
  }

  @Test
  void whatLearnsFromLabelsLeavesOutTheOthers() {
    try (ImageDataset wafers = open(Split.TRAIN, true).labelled()) {
      assertArrayEquals(new int[] {0, 3}, wafers.labels());
    }
    try (WaferDataset wafers = open(Split.TRAIN, false)) {
      assertSame(wafers, wafers.labelled());
    }
  }

  private String identity(boolean unlabelled) {
    Fingerprint fingerprint = new Fingerprint();
    try (WaferDataset wafers = open(Split.TRAIN, unlabelled)) {
      DatasetIdentity.addTo(fingerprint, wafers);
    }
    return fingerprint.hex();
  }

  @Test
  void itsIdentityChangesWithItsOptionsAndItsMaps() {
    String before = identity(false);
    assertEquals(before, identity(false));
    assertNotEquals(before, identity(true));
    maps[1] = 2;
    write();
    assertNotEquals(before, identity(false));
  }

  private void assertTrainRefused(Object... words) {
    write();
    assertInvalid(() -> open(Split.TRAIN, false), words);
  }

  @Test
  void aMapBecomesAGrayImageOfItsOwnSize() {
    try (WaferDataset dataset = open(Split.TRAIN, false);
        ImageBuffer buffer = new ImageBuffer()) {
      assertArrayEquals(new int[] {0, 3}, dataset.labels());
      assertEquals(1, dataset.channels());
      assertEquals(9, dataset.classes());
      dataset.read(0, buffer);
      assertEquals(2, buffer.height());
      assertEquals(3, buffer.width());
      byte half = (byte) 128;
      assertArrayEquals(new byte[] {0, half, -1, -1, half, 0}, Samples.bytes(buffer));
      dataset.read(1, buffer);
      assertEquals(1, buffer.width());
      assertArrayEquals(new byte[] {-1}, Samples.bytes(buffer));
    }
  }

  @Test
  void testWafersAreThoseWithALabel() {
    try (WaferDataset dataset = open(Split.TEST, true)) {
      assertArrayEquals(new int[] {8}, dataset.labels());
      assertEquals("none", dataset.classNames().get(8));
    }
  }

  @Test
  void wafersWithoutALabelFollowTheOthersWhenAsked() {
    try (WaferDataset dataset = open(Split.TRAIN, true)) {
      assertArrayEquals(new int[] {0, 3, -1, -1}, dataset.labels());
      assertEquals("wafer 2 of " + folder.resolve("wm811k.safetensors"), dataset.describe(2));
    }
  }

  @Test
  void cannotBeReadAfterClose() {
    WaferDataset dataset = open(Split.TRAIN, false);
    dataset.close();
    try (ImageBuffer buffer = new ImageBuffer()) {
      assertThrows(IllegalStateException.class, () -> dataset.read(0, buffer));
    }
  }

  @Test
  void namesTheConverterWhenTheFileIsMissing() {
    folder.resolve("wm811k.safetensors").toFile().delete();
    assertInvalid(
        () -> open(Split.TRAIN, false), "wm811k.safetensors", "convert-wm811k.py", "LSWMD.pkl");
  }

  @Test
  void refusesLabelsOutOfRange() {
    labels[1] = 9;
    assertTrainRefused("label 9 of wafer 1", "-1 to 8");
  }

  @Test
  void refusesSizesThatDoNotAddUp() {
    sizes[0] = 3;
    assertTrainRefused("14 bytes of maps", "17");
    sizes[0] = -2;
    assertTrainRefused("wafer 0 is 3 x -2");
  }

  @Test
  void refusesDiesOfOtherValues() {
    maps[12] = 3;
    write();
    try (WaferDataset dataset = open(Split.TRAIN, false);
        ImageBuffer buffer = new ImageBuffer()) {
      assertInvalid(() -> dataset.read(1, buffer), "wafer 3 of", "value 3");
    }
  }

  @Test
  void readsWhatTheConverterMakesOfThePickle() throws Exception {
    Optional<String> python = pythonWithPandas();
    assumeTrue(python.isPresent(), "no python3 with pandas (INVP_PYTHON names another)");
    Path pickle = folder.resolve("LSWMD.pkl");
    run(python.get(), "-c", TABLE, pickle.toString());
    Path target = folder.resolve("converted");
    run(python.get(), "scripts/convert-wm811k.py", pickle.toString(), target.toString());
    try (WaferDataset train =
            WaferDataset.open(target, Split.TRAIN, new FormatOptions.Wafers(true));
        WaferDataset test = WaferDataset.open(target, Split.TEST, new FormatOptions.Wafers(false));
        ImageBuffer buffer = new ImageBuffer()) {
      assertArrayEquals(new int[] {3, -1}, train.labels());
      assertArrayEquals(new int[] {8, 5}, test.labels());
      train.read(0, buffer);
      assertEquals(2, buffer.height());
      assertEquals(3, buffer.width());
      byte half = (byte) 128;
      assertArrayEquals(new byte[] {0, half, -1, half, half, 0}, Samples.bytes(buffer));
    }
  }

  /** Cells as they are in the published file: texts in matrices, empty where nothing is known. */
  private static final String TABLE =
      """
      import sys, numpy as np, pandas as pd
      text = lambda value: np.array([[value]], dtype=object)
      nothing = np.zeros((0, 0))
      pd.DataFrame({
          'waferMap': [np.array([[0, 1, 2], [1, 1, 0]], np.uint8), np.ones((4, 4), np.uint8),
                       np.ones((1, 2), np.uint8), np.full((3, 3), 2, np.uint8)],
          'dieSize': [4.0, 16.0, 2.0, 9.0],
          'lotName': ['lot1', 'lot1', 'lot2', 'lot2'],
          'waferIndex': [1.0, 2.0, 1.0, 2.0],
          'trianTestLabel': [text('Training'), text('Test'), nothing, text('Test')],
          'failureType': [text('Edge-Ring'), text('none'), nothing, text('Near-full')],
      }).to_pickle(sys.argv[1])
      """;

  private static Optional<String> pythonWithPandas() throws InterruptedException {
    String python = System.getenv().getOrDefault("INVP_PYTHON", "python3");
    try {
      Process process = new ProcessBuilder(python, "-c", "import pandas").start();
      process.onExit().join();
      return process.exitValue() == 0 ? Optional.of(python) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    process.waitFor(60, TimeUnit.SECONDS);
    assertEquals(0, process.exitValue(), output);
  }
}
