package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.io.AtomicFile;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged checkpoint is never taken for a whole one. */
@Tag("slow")
class CheckpointTest {
  private static final TrainingConfig CONFIG =
      ConfigFile.parse("test", TinyRun.yaml(Path.of("data")), List.of());

  @TempDir Path folder;
  private Path path;
  private byte[] whole;

  @BeforeEach
  void writeOne() throws IOException {
    path = folder.resolve("checkpoint.safetensors");
    write(path, 1.5f);
    whole = Files.readAllBytes(path);
  }

  @Test
  void aWholeOneIsRead() {
    try (Checkpoint checkpoint = Checkpoint.read(path)) {
      assertEquals(new Position(2, 3, 9), checkpoint.position());
      assertEquals("weight", checkpoint.weights().get(0).name());
    }
  }

  @Test
  void aFlippedBitInAnyByteIsNoticed() throws IOException {
    for (int at = 0; at < whole.length; at++) {
      int first = at < Long.BYTES ? 0 : at % Byte.SIZE;
      int last = at < Long.BYTES ? Byte.SIZE - 1 : first;
      for (int bit = first; bit <= last; bit++) {
        byte[] damaged = whole.clone();
        damaged[at] ^= (byte) (1 << bit);
        assertRefused(damaged, "byte " + at + ", bit " + bit);
      }
    }
  }

  @Test
  void aTruncationAnywhereIsNoticed() throws IOException {
    for (int length = 0; length < whole.length; length += 7) {
      assertRefused(Arrays.copyOf(whole, length), length + " bytes");
    }
  }

  @Test
  void bytesThatFollowAreNoticed() throws IOException {
    assertRefused(Arrays.copyOf(whole, whole.length + 1), "one byte more");
  }

  @Test
  void zeroedBlocksAreNoticed() throws IOException {
    for (int at = 0; at < whole.length; at += 64) {
      byte[] damaged = whole.clone();
      Arrays.fill(damaged, at, Math.min(at + 512, whole.length), (byte) 0);
      assertRefused(damaged, "zeros from byte " + at);
    }
  }

  @Test
  void anotherKindOfFileIsRefused() throws IOException {
    assertRefused("seed: 1\n".getBytes(StandardCharsets.UTF_8), "text");
    Path weights = folder.resolve("weights.safetensors");
    Safetensors.write(weights, Map.of(), List.of());
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> Checkpoint.read(weights));
    assertTrue(failure.getMessage().contains("is not a checkpoint"), failure::getMessage);
  }

  @Test
  void aFolderInItsPlaceIsRefused() throws IOException {
    Files.delete(path);
    Files.createDirectory(path);
    assertThrows(InvalidDataException.class, () -> Checkpoint.read(path));
  }

  @Test
  void theOneBeforeADamagedOneIsNamedAndUsedWhenAsked() throws IOException {
    CheckpointFiles files = new CheckpointFiles(folder);
    writeTo(files, 2.5f);
    byte[] damaged = Files.readAllBytes(path);
    damaged[damaged.length - 1] ^= 1;
    Files.write(path, damaged);

    InvalidDataException failure = assertThrows(InvalidDataException.class, files::read);
    assertTrue(failure.getMessage().contains(path + " is not a usable"), failure::getMessage);
    assertTrue(
        failure
            .getMessage()
            .endsWith(
                "to go on from checkpoint-previous.safetensors: --resume --checkpoint previous"),
        failure::getMessage);
    assertFalse(failure.getMessage().contains("\n"));

    files.goBackTo(CheckpointFiles.Which.PREVIOUS);
    files.read().close();
    assertEquals(-1, Files.mismatch(path, Files.write(folder.resolve("expected"), whole)));
    Path aside = folder.resolve("checkpoint-set-aside.safetensors");
    assertEquals(-1, Files.mismatch(aside, Files.write(folder.resolve("expected"), damaged)));

    // The next checkpoint must not push the one that was just used out of the previous place.
    writeTo(files, 3.5f);
    Checkpoint.read(files.path(CheckpointFiles.Which.PREVIOUS)).close();
  }

  @Test
  void aDamagedPreviousOneChangesNothing() throws IOException {
    Files.write(folder.resolve("checkpoint-previous.safetensors"), new byte[0]);
    assertThrows(
        InvalidDataException.class,
        () -> new CheckpointFiles(folder).goBackTo(CheckpointFiles.Which.PREVIOUS));
    assertEquals(-1, Files.mismatch(path, Files.write(folder.resolve("expected"), whole)));
  }

  private void assertRefused(byte[] bytes, String what) throws IOException {
    Path damaged = Files.write(folder.resolve("damaged"), bytes);
    InvalidDataException failure =
        assertThrows(InvalidDataException.class, () -> Checkpoint.read(damaged).close(), what);
    assertTrue(failure.getMessage().contains(damaged.toString()), failure::getMessage);
    assertFalse(failure.getMessage().contains("\n"), failure::getMessage);
  }

  private static void writeTo(CheckpointFiles files, float value) {
    write(files.latest(), value, (path, content) -> files.write(content, false, true));
  }

  private static void write(Path path, float value) {
    write(path, value, AtomicFile::write);
  }

  private static void write(Path path, float value, Safetensors.Writer writer) {
    try (FloatTensor weight = FloatTensor.allocate(2, 3)) {
      weight.set(5, value);
      Checkpoint.write(
          path,
          CONFIG,
          Checkpoint.toMetadata(new Position(2, 3, 9)),
          List.of(NamedTensor.of("weight", weight)),
          writer);
    }
  }
}
