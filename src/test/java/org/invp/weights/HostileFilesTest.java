package org.invp.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.invp.InvalidDataException;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that mean harm, or are damaged, end in one line; nothing runs, hangs or fills memory. */
@Tag("slow")
class HostileFilesTest {
  private static final int MUTATIONS = 150;
  private static final String STORAGE = "(X\7\0\0\0storagectorch\nFloatStorage\n";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cos\\nsystem\\n(X\\4\\0\\0\\0truetR.|os.system",
        "cposix\\nsystem\\n.|posix.system",
        "c__builtin__\\neval\\n.|__builtin__.eval",
        "cbuiltins\\ngetattr\\n.|builtins.getattr",
        "ctorch.storage\\n_load_from_bytes\\n.|torch.storage._load_from_bytes",
        "ctorch\\nload\\n.|torch.load",
        "(X\\4\\0\\0\\0trueios\\nsystem\\n.|os.system",
        "X\\2\\0\\0\\0osX\\6\\0\\0\\0system\\x93.|os.system",
        "ccollections\\nOrderedDict\\n)\\x81.|an object of collections.OrderedDict",
        "\\x82\\1.|extension 1",
        "ccollections\\nOrderedDict\\n)R}b}b0.|makes no sense",
        "]}\\x90.|makes no sense",
        "}](K\\1\\x90.|makes no sense",
        "K\\1)\\x81.|makes no sense",
        "(o.|makes no sense",
        "\\x97.|refused: the pickle uses the operation NEXT_BUFFER",
        "\\x8b\\xff\\xff\\xff\\xff.|cut short",
        "\\x96\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f.|cut short",
        "cnumpy\\ndtype\\n(X\\2\\0\\0\\0O8\\x89\\x88tR.|NumPy's dtype O8",
        "ctorch._utils\\n_rebuild_tensor_v2\\n)R.|unfit arguments",
        "X\\1\\0\\0\\0x}b.|gives a state to what has none",
        "}]K\\1s.|no tensors in dictionaries",
        "X\\xff\\xff\\xff\\0abc.|cut short",
        "\\x8d\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f.|bytes of text",
        "\\x8d\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff.|cut short",
        "h\\5.|makes no sense",
        "t.|makes no sense",
        "K|cut short",
      })
  void whatPicklesAskForBesideTensorsIsNamedAndNeverDone(String escaped, String expected)
      throws IOException {
    assertRefused(pickle(unescape(escaped)), expected);
  }

  /** Each key is two kilobytes, so that names of entries far down would be long without end. */
  @Test
  void longNamesEndAtALimit() throws IOException {
    String key = "X\0\10\0\0" + "k".repeat(2048);
    assertRefused(pickle("}" + key + "}" + key + "K\1ss."), "a name of more than 1,024 characters");
  }

  @Test
  void deepNestingEndsAtALimit() throws IOException {
    assertRefused(pickle("(".repeat(5000) + "."), "levels of nesting");
    StringBuilder dicts = new StringBuilder();
    dicts.append("}X\1\0\0\0a".repeat(40)).append("K\1").append("s".repeat(40));
    assertRefused(pickle(dicts + "."), "dictionaries within more than 32 others");
  }

  @Test
  void manyObjectsEndAtALimit() throws IOException {
    assertRefused(pickle("]".repeat(3 << 20) + "."), "objects");
    assertRefused(pickle("N0".repeat(9 << 20) + "."), "operations");
  }

  @Test
  void aMemoBombIsNotUnfolded() throws IOException {
    // Each dictionary has the one before ten times: 10^20 entries if they were walked.
    StringBuilder bomb = new StringBuilder("}q\0");
    for (int level = 1; level <= 20; level++) {
      bomb.append('}');
      for (int i = 0; i < 10; i++) {
        bomb.append("X\1\0\0\0").append((char) ('a' + i)).append('h').append((char) (level - 1));
        bomb.append('s');
      }
      bomb.append('q').append((char) level);
    }
    assertRefused(pickle(bomb + "."), "entries");
  }

  @Test
  void aDictionaryThatHoldsItselfIsNotWalkedForever() throws IOException {
    assertRefused(pickle("}q\0X\1\0\0\0ah\0s."), "dictionaries within more than 32 others");
  }

  @ParameterizedTest
  @CsvSource({
    "(J\\xff\\xff\\xff\\x7fJ\\xff\\xff\\xff\\x7ft,(K\\0K\\0t",
    "(K\\5t,(K\\1t",
    "(K\\2t,(J\\xff\\xff\\xff\\xfft",
    "(K\\2K\\2t,(K\\1t",
    "(J\\xff\\xff\\xff\\x7fJ\\xff\\xff\\xff\\x7fJ\\xff\\xff\\xff\\x7ft,(K\\1K\\1K\\1t"
  })
  void tensorsOutsideTheirStorageAreRefused(String shape, String strides) throws IOException {
    String tensor =
        "ctorch._utils\n_rebuild_tensor_v2\n("
            + STORAGE
            + "X\1\0\0\0"
            + "0X\3\0\0\0cpuK\4tQK\0"
            + unescape(shape)
            + unescape(strides)
            + "\u0089NtR";
    assertRefused(
        zip("a/data.pkl", pickle("}X\1\0\0\0a" + tensor + "s."), "a/data/0", new byte[16]),
        "does not lie within its storage");
  }

  @Test
  void storagesThatAreMissingOrOfAnotherSizeAreNamed() throws IOException {
    byte[] pickle = pickle("}X\1\0\0\0a" + STORAGE + "X\7\0\0\0../../xX\3\0\0\0cpuK\4tQs.");
    assertRefused(zip("a/data.pkl", pickle), "lacks the file data/../../x");
    byte[] other = pickle("}X\1\0\0\0a" + STORAGE + "X\1\0\0\0" + "0X\3\0\0\0cpuK\5tQs.");
    assertRefused(zip("a/data.pkl", other, "a/data/0", new byte[16]), "16 bytes, 5 elements");
  }

  @Test
  void archivesThatAreNoCheckpointsAreRefused() throws IOException {
    assertRefused(zip("a/b.txt", new byte[1]), "0 files data.pkl");
    assertRefused(zip("a/data.pkl", new byte[1], "b/data.pkl", new byte[1]), "2 files data.pkl");
    assertRefused(zip("a/data.pkl", new byte[1], "a/constants.pkl", new byte[1]), "TorchScript");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry("a/data.pkl"));
      zip.write(new byte[1 << 20]);
    }
    assertRefused(out.toByteArray(), "is compressed");
  }

  @Test
  void otherFormatsAreCalledByTheirNames() throws IOException {
    byte[] tar = new byte[1024];
    System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
    assertFileRefused(tar, "before 0.1.10");
    assertFileRefused(new byte[] {(byte) 0x80, 4, 'N', '.'}, "a bare pickle");
    assertFileRefused(new byte[0], "safetensors");
  }

  @ParameterizedTest
  @ValueSource(strings = {"old.pth", "new.pth", "kinds.pth", "numpy.pth", "opaque.pth"})
  void damagedCheckpointsGiveOneLineOrANetwork(String name) throws IOException {
    byte[] original = Files.readAllBytes(Fixtures.copy(name, folder));
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Path file = folder.resolve("damaged.pth");
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] bytes = original.clone();
      // The descriptions lie at both ends; noise in the weights would hardly be noticed.
      int ends = Math.min(bytes.length / 2, 20_000);
      for (int change = random.nextInt(1, 4); change > 0; change--) {
        int at = random.nextInt(ends);
        bytes[random.nextBoolean() ? at : bytes.length - 1 - at] = (byte) random.nextInt();
      }
      int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
      Files.write(file, java.util.Arrays.copyOf(bytes, length));
      Assertions.assertTimeout(
          Duration.ofSeconds(30), () -> readOrRefuse(file), "seed " + seed + ", file " + i);
    }
  }

  private static void readOrRefuse(Path file) {
    try (ForeignFile foreign = ForeignFile.open(file);
        java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
      foreign.tensors().forEach((name, tensor) -> tensor.floats("x", arena));
    } catch (InvalidDataException e) {
      assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }
  }

  private void assertRefused(byte[] content, String expected) throws IOException {
    boolean archive = content.length > 2 && content[0] == 'P' && content[1] == 'K';
    assertFileRefused(archive ? content : zip("a/data.pkl", content), expected);
  }

  private void assertFileRefused(byte[] content, String expected) throws IOException {
    Path file = Files.write(folder.resolve("x.pth"), content);
    String message =
        assertThrows(InvalidDataException.class, () -> ForeignFile.open(file).close()).getMessage();
    assertTrue(message.contains(expected), message);
    assertTrue(message.contains(file.toString()), message);
    assertEquals(1, message.lines().count(), message);
  }

  private static byte[] pickle(String operations) {
    return ("\u0080\2" + operations).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] zip(Object... namesAndContents) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (int i = 0; i < namesAndContents.length; i += 2) {
        store(zip, (String) namesAndContents[i], (byte[]) namesAndContents[i + 1]);
      }
    }
    return out.toByteArray();
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    OutputStream out = zip;
    out.write(content);
    zip.closeEntry();
  }

  /** Turns \n, \xHH and \D into characters. */
  static String unescape(String text) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char next = text.charAt(i);
      if (next != '\\') {
        plain.append(next);
      } else if (text.charAt(i + 1) == 'n') {
        plain.append('\n');
        i++;
      } else if (text.charAt(i + 1) == 'x') {
        plain.append((char) Integer.parseInt(text.substring(i + 2, i + 4), 16));
        i += 3;
      } else {
        plain.append((char) (text.charAt(i + 1) - '0'));
        i++;
      }
    }
    return plain.toString();
  }
}
