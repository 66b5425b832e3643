package org.invp.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.invp.InvalidDataException;
import org.invp.io.Fingerprint;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.weights.WeightsImport.Choice;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a checkpoint holds beside its tensors is neither read nor built, and hinders nobody. */
@Tag("slow")
class OpaqueValuesTest {
  private static final String TENSOR =
      "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n%s\nX\1\0\0\0"
          + "0X\3\0\0\0cpuK\4tQK\0K\4\u0085K\1\u0085\u0089}%stR";

  @TempDir Path folder;
  private Path plain;
  private String digest;
  private String state;

  @BeforeEach
  void writeANetwork() throws IOException {
    plain = folder.resolve("plain.pth");
    NetworkOptions options =
        new NetworkOptions(
            Architecture.RESNET18,
            Stem.CIFAR,
            1,
            2,
            3,
            Head.LINEAR,
            1,
            true,
            Initialisation.KAIMING);
    try (Network network = Network.create(options, 4)) {
      WeightsExport.torchvision(plain, network, HeadNames.HEAD);
      digest = Fingerprint.of(network.state());
    }
    try (ZipFile zip = new ZipFile(plain.toFile())) {
      byte[] pickle = zip.getInputStream(zip.getEntry("archive/data.pkl")).readAllBytes();
      String text = new String(pickle, StandardCharsets.ISO_8859_1);
      state = text.substring(2, text.length() - 1); // Without protocol and end.
    }
  }

  /** In a pickle's operations, with \n for line breaks. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // argparse.Namespace by NEWOBJ and BUILD, by REDUCE, by NEWOBJ_EX, by OBJ, by INST
        "cargparse\\nNamespace\\n)\\x81}X\\1\\0\\0\\0aK\\1sb",
        "ccopyreg\\n_reconstructor\\n(cargparse\\nNamespace\\nc__builtin__\\nobject\\nNtR}b",
        "cargparse\\nNamespace\\n)}\\x92",
        "(cargparse\\nNamespace\\no",
        "(iargparse\\nNamespace\\n}b",
        // datetime, pathlib, sets in protocols 2 and 4
        "cdatetime\\ndatetime\\nC\\x0a1234567890\\x85R",
        "cpathlib\\nPosixPath\\n(X\\1\\0\\0\\0/X\\3\\0\\0\\0tmptR",
        "c__builtin__\\nset\\n](K\\1K\\2e\\x85R",
        "\\x8f(K\\1K\\2\\x90",
        "(K\\1K\\2\\x91",
        // containers of other classes take things in
        "ccollections\\ndefaultdict\\nc__builtin__\\nlist\\n\\x85RX\\1\\0\\0\\0aK\\1s(X\\1\\0\\0\\0bK\\2u",
        "ccollections\\ndeque\\n)RK\\1a(K\\2K\\3e",
        // keys that are no texts, long numbers, byte arrays, extensions
        "}(K\\1K\\2\\x86K\\3]K\\4u",
        "\\x8b\\4\\0\\0\\0\\1\\2\\3\\4",
        "\\x8b\\0\\1\\0\\0"
            + "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"
            + "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"
            + "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"
            + "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "\\x96\\3\\0\\0\\0\\0\\0\\0\\0abc",
        "\\x82\\1",
        "\\x84\\1\\2\\3\\4",
        // what would run a program
        "cos\\nsystem\\n(X\\4\\0\\0\\0truetR",
        "cbuiltins\\ngetattr\\n(cos\\nsystem\\nX\\1\\0\\0\\0xtR)R}b",
        // arrays of objects and of structures, dtypes and encodings that no tensor has
        "cnumpy.core.multiarray\\n_reconstruct\\n(cnumpy\\nndarray\\nK\\0\\x85C\\1btR(K\\1K\\2\\x85"
            + "cnumpy\\ndtype\\n(X\\2\\0\\0\\0O8\\x89\\x88tR\\x89]tb",
        "cnumpy.core.multiarray\\nscalar\\n(cnumpy\\ndtype\\n(X\\2\\0\\0\\0M8\\x89\\x88tRC\\1xtR",
        "c_codecs\\nencode\\n(X\\1\\0\\0\\0aX\\5\\0\\0\\0utf-8tR",
        // something outside the pickle
        "(X\\6\\0\\0\\0modulectorch.nn\\nLinear\\nX\\1\\0\\0\\0atQ",
      })
  void whatTensorsDoNotNeedIsPassedOver(String escaped) throws IOException {
    String extra = HostileFilesTest.unescape(escaped);
    for (int protocol = 2; protocol <= 5; protocol++) {
      Path file =
          write(
              "\u0080"
                  + (char) protocol
                  + "}("
                  + text("args")
                  + extra
                  + text("state_dict")
                  + state
                  + "u.");
      try (WeightsImport imported = WeightsImport.read(file, Choice.USUAL)) {
        assertEquals(digest, Fingerprint.of(imported.network().state()));
        assertEquals("state_dict.", imported.prefix());
      }
    }
  }

  @Test
  void aTensorThatDependsOnItIsNamed() throws IOException {
    assertRefused(
        state.replaceFirst("torch\nFloatStorage", "torch\nQInt8Storage"),
        "the network's state_dict.conv1.weight depends on torch.QInt8Storage, which is not read");
    assertRefused(
        state.replaceFirst("torch._utils\n_rebuild_tensor_v2", "torch._utils\n_rebuild_qtensor"),
        "the network's state_dict.conv1.weight depends on torch._utils._rebuild_qtensor");
  }

  @Test
  void aWholeModelIsCalledWhatItIs() throws IOException {
    Path file = write("\u0080\2ctorchvision.models.resnet\nResNet\n)\u0081}b.");
    String message =
        assertThrows(
                InvalidDataException.class, () -> WeightsImport.read(file, Choice.USUAL).close())
            .getMessage();
    assertTrue(message.contains("holds torchvision.models.resnet.ResNet, which is not"), message);
    assertTrue(message.contains("save a network's state_dict()"), message);
  }

  @ParameterizedTest
  @CsvSource({"neg,F", "neg,I", "conj,F", "other,F"})
  void putOffNegationIsDoneAndAnyOtherPropertyRefused(String bit, String kind) throws IOException {
    String metadata = "}X" + (char) bit.length() + "\0\0\0" + bit + "\u0088s";
    String storage = kind.equals("F") ? "FloatStorage" : "IntStorage";
    Path file = folder.resolve("bits.pth");
    byte[] pickle =
        bytes(
            "\u0080\2}"
                + text("a")
                + TENSOR.formatted(storage, metadata)
                + "s"
                + text("b")
                + TENSOR.formatted(storage, "}")
                + "s.");
    byte[] data = new byte[16];
    for (int i = 0; i < 4; i++) {
      ValueLayout.JAVA_INT_UNALIGNED
          .varHandle()
          .set(
              java.lang.foreign.MemorySegment.ofArray(data),
              4L * i,
              kind.equals("F") ? Float.floatToIntBits(i + 1f) : i + 1);
    }
    Files.write(file, zip(pickle, data));
    try (ForeignFile foreign = ForeignFile.open(file);
        Arena arena = Arena.ofConfined()) {
      assertArrayEquals(new float[] {1, 2, 3, 4}, values(foreign, "b", arena));
      if (bit.equals("neg")) {
        assertArrayEquals(new float[] {-1, -2, -3, -4}, values(foreign, "a", arena));
      } else {
        assertEquals("a tensor with the property " + bit, foreign.unread().get("a"));
      }
    }
  }

  /** As protocol 5 writes arrays of one block of memory, whose order may be Fortran's. */
  @ParameterizedTest
  @CsvSource({"C,<", "F,<", "C,>"})
  void arraysOfProtocolFiveAreRead(String order, String endian) throws IOException {
    String dtype =
        "cnumpy\ndtype\n(X\2\0\0\0i2\u0089\u0088tR(K\3X\1\0\0\0"
            + endian
            + "NNNJ\u00ff\u00ff\u00ff\u00ff"
            + "J\u00ff\u00ff\u00ff\u00ffK\0tb";
    String array =
        "cnumpy._core.numeric\n_frombuffer\n(\u0096\10\0\0\0\0\0\0\0\1\0\2\0\3\0\4\0"
            + dtype
            + "K\2K\2\u0086"
            + text(order)
            + "tR";
    Path file = folder.resolve("array.pth");
    Files.write(
        file,
        zip(
            bytes(
                "\u0080\5}"
                    + text("a")
                    + array
                    + "s"
                    + text("b")
                    + TENSOR.formatted("IntStorage", "N")
                    + "s."),
            new byte[16]));
    try (ForeignFile foreign = ForeignFile.open(file);
        Arena arena = Arena.ofConfined()) {
      if (endian.equals(">")) {
        assertEquals("a NumPy array of big-endian numbers", foreign.unread().get("a"));
        return;
      }
      float[] expected = order.equals("C") ? new float[] {1, 2, 3, 4} : new float[] {1, 3, 2, 4};
      assertArrayEquals(expected, values(foreign, "a", arena));
    }
  }

  private static float[] values(ForeignFile file, String name, Arena arena) {
    return file.tensors().get(name).floats(name, arena).data().toArray(ValueLayout.JAVA_FLOAT);
  }

  private void assertRefused(String changed, String expected) throws IOException {
    Path file = write("\u0080\2}" + text("state_dict") + changed + "s.");
    String message =
        assertThrows(
                InvalidDataException.class, () -> WeightsImport.read(file, Choice.USUAL).close())
            .getMessage();
    assertTrue(message.contains(expected), message);
    assertEquals(1, message.lines().count(), message);
  }

  private static String text(String text) {
    return "X" + (char) text.length() + "\0\0\0" + text;
  }

  private static byte[] bytes(String operations) {
    return operations.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The plain file with another pickle. */
  private Path write(String pickle) throws IOException {
    Path file = folder.resolve("other.pth");
    try (ZipFile zip = new ZipFile(plain.toFile());
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (ZipEntry entry : zip.stream().toList()) {
        boolean changed = entry.getName().endsWith("data.pkl");
        store(
            out,
            entry.getName(),
            changed ? bytes(pickle) : zip.getInputStream(entry).readAllBytes());
      }
    }
    return file;
  }

  private static byte[] zip(byte[] pickle, byte[] storage) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      store(out, "a/data.pkl", pickle);
      store(out, "a/data/0", storage);
    }
    return bytes.toByteArray();
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
