package org.invp.weights;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.invp.InvalidDataException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.IoErrors;

/**
 * Reads what {@code torch.save} writes since PyTorch 1.6: an uncompressed zip archive of a pickle
 * and one file per storage. Entries are read into memory, never unpacked to disk. A storage is read
 * when a tensor needs it, once.
 */
final class TorchZip implements AutoCloseable {
  private static final String PICKLE = "data.pkl";
  private static final int MOST_ENTRIES = 100_000;
  private static final long LONGEST_PICKLE = 2L << 30;
  private static final int PIECE = 1 << 20;

  private final ZipFile zip;
  private final Arena arena = NativeObjects.sharedArena();
  private final Map<String, MemorySegment> loaded = new HashMap<>();
  private final String root;

  private TorchZip(ZipFile zip, Path path) {
    this.zip = zip;
    try {
      this.root = check(path);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  static TorchContent open(Path path) throws IOException {
    ZipFile zip;
    try {
      zip = new ZipFile(path.toFile(), ZipFile.OPEN_READ, StandardCharsets.UTF_8);
    } catch (ZipException | IllegalArgumentException e) {
      throw new InvalidDataException(
          Text.format("its zip directory is damaged or cut off (%s)", e.getMessage()), e);
    }
    TorchZip content = null;
    try {
      content = new TorchZip(zip, path);
      return new TorchContent(content.read(), content);
    } catch (RuntimeException | Error e) {
      if (content != null) {
        content.close();
      } else {
        zip.close();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    try {
      zip.close();
    } catch (IOException e) {
      throw new InvalidDataException("a file could not be closed: " + IoErrors.reason(e), e);
    }
  }

  /** Checks the directory; gives the folder that the archive's files are in. */
  private String check(Path path) {
    if (zip.size() > MOST_ENTRIES) {
      throw new InvalidDataException(
          Text.format("refused: the archive has %,d files, at most %,d", zip.size(), MOST_ENTRIES));
    }
    long total = 0;
    for (ZipEntry entry : zip.stream().toList()) {
      if (entry.getMethod() != ZipEntry.STORED || entry.getSize() != entry.getCompressedSize()) {
        throw new InvalidDataException(
            Text.format(
                "refused: %s in it is compressed, which torch.save never does",
                oneLine(entry.getName())));
      }
      total += entry.getSize();
      if (total < 0 || total > path.toFile().length()) {
        throw new InvalidDataException("refused: its files claim more bytes than it has");
      }
    }
    List<String> pickles =
        zip.stream()
            .map(ZipEntry::getName)
            .filter(
                name -> name.endsWith("/" + PICKLE) && name.indexOf('/') == name.lastIndexOf('/'))
            .toList();
    if (pickles.size() != 1) {
      throw new InvalidDataException(
          Text.format(
              "it is a zip archive with %d files data.pkl in a folder, a checkpoint has one",
              pickles.size()));
    }
    String folder = pickles.getFirst().substring(0, pickles.getFirst().indexOf('/') + 1);
    if (zip.getEntry(folder + "constants.pkl") != null) {
      throw new InvalidDataException(
          "it is a TorchScript program; export its state_dict() with torch.save");
    }
    return folder;
  }

  private Object read() {
    ZipEntry order = zip.getEntry(root + "byteorder");
    if (order != null) {
      String text = new String(bytes(order).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
      if (!text.strip().equals("little")) {
        throw new InvalidDataException("its numbers are in byte order " + oneLine(text));
      }
    }
    ZipEntry entry = zip.getEntry(root + PICKLE);
    if (entry.getSize() > LONGEST_PICKLE) {
      throw new InvalidDataException(
          Text.format(
              "refused: its pickle has %,d bytes, at most %,d", entry.getSize(), LONGEST_PICKLE));
    }
    return new PickleReader(new PickleInput(bytes(entry)), new PickleConstructors(this::storage))
        .read();
  }

  private Storage storage(String key, DType dtype, long elements) {
    ZipEntry entry = zip.getEntry(root + "data/" + key);
    if (entry == null) {
      throw new InvalidDataException("it lacks the file data/" + oneLine(key));
    }
    if (entry.getSize() / dtype.bytes() != elements || entry.getSize() % dtype.bytes() != 0) {
      throw new InvalidDataException(
          Text.format(
              "data/%s has %d bytes, %d elements of %s are said to be in it",
              oneLine(key), entry.getSize(), elements, dtype));
    }
    return new Storage(dtype, elements, () -> loaded.computeIfAbsent(key, ignored -> bytes(entry)));
  }

  private MemorySegment bytes(ZipEntry entry) {
    MemorySegment data = arena.allocate(Math.max(1, entry.getSize()), Long.BYTES);
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] piece = new byte[(int) Math.min(PIECE, Math.max(1, entry.getSize()))];
      for (long at = 0; at < entry.getSize(); ) {
        int count = in.read(piece, 0, (int) Math.min(piece.length, entry.getSize() - at));
        if (count < 0) {
          throw new EOFException("it is cut short");
        }
        MemorySegment.copy(piece, 0, data, ValueLayout.JAVA_BYTE, at, count);
        at += count;
      }
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("%s in it is damaged: %s", oneLine(entry.getName()), IoErrors.reason(e)), e);
    }
    MemorySegment exact = data.asSlice(0, entry.getSize());
    if (TensorBytes.crc32(exact) != entry.getCrc()) {
      throw new InvalidDataException(
          Text.format(
              "%s in it does not have the checksum that the archive states: it is damaged",
              oneLine(entry.getName())));
    }
    return exact;
  }

  private static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= 100 ? line : line.substring(0, 100) + "...";
  }
}
