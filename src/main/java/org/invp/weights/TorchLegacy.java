package org.invp.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;
import org.invp.io.DType;

/**
 * Reads what {@code torch.save} wrote from PyTorch 0.1.10 to 1.5, MoCo's and the published
 * program's checkpoints among it: pickles of a magic number, the version, the system, the object
 * and the list of storages, then for each of these its length in elements and its bytes. The file
 * is mapped, so a storage costs nothing until a tensor needs it.
 */
final class TorchLegacy {
  /** The number 0x1950a86a20f9469cfc6c as LONG1, and the pickle's end. */
  private static final MemorySegment MAGIC =
      MemorySegment.ofArray(
          new byte[] {
            (byte) 0x8a,
            10,
            0x6c,
            (byte) 0xfc,
            (byte) 0x9c,
            0x46,
            (byte) 0xf9,
            0x20,
            0x6a,
            (byte) 0xa8,
            0x50,
            0x19,
            '.'
          });

  private static final int LATEST_START = 16;
  private static final long VERSION = 1001;

  private final PickleInput in;
  private final Map<String, Storage> wanted = new HashMap<>();
  private final Map<String, MemorySegment> found = new HashMap<>();

  private TorchLegacy(PickleInput in) {
    this.in = in;
  }

  static boolean recognises(MemorySegment start) {
    return magicEnd(start) > 0;
  }

  static TorchContent open(FileChannel channel) throws IOException {
    Arena arena = NativeObjects.sharedArena();
    try {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      PickleInput in = new PickleInput(file);
      in.slice(magicEnd(file));
      return new TorchContent(new TorchLegacy(in).read(), arena);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static long magicEnd(MemorySegment start) {
    for (long at = 2; at < LATEST_START && at + MAGIC.byteSize() <= start.byteSize(); at++) {
      if (start.asSlice(at, MAGIC.byteSize()).mismatch(MAGIC) == -1) {
        return at + MAGIC.byteSize();
      }
    }
    return 0;
  }

  private Object read() {
    Object version = plain();
    if (!Long.valueOf(VERSION).equals(version)) {
      throw new InvalidDataException(
          Text.format("it has protocol %s, known is %d", version, VERSION));
    }
    if (plain() instanceof PickleDict system
        && Boolean.FALSE.equals(system.entries().get("little_endian"))) {
      throw new InvalidDataException("its numbers are big-endian");
    }
    Object root = new PickleReader(in, new PickleConstructors(this::storage)).read();
    if (!(plain() instanceof List<?> keys)) {
      throw new InvalidDataException("it lacks the list of its storages");
    }
    for (Object key : keys) {
      locate(key);
    }
    return root;
  }

  /** A pickle that has no tensors. */
  private Object plain() {
    return new PickleReader(
            in,
            new PickleConstructors(
                (key, dtype, elements) -> {
                  throw new InvalidDataException("it has a storage where none belongs");
                }))
        .read();
  }

  private Storage storage(String key, DType dtype, long elements) {
    Storage storage =
        wanted.computeIfAbsent(key, name -> new Storage(dtype, elements, () -> memory(name)));
    if (storage.dtype() != dtype || storage.elements() != elements) {
      throw new InvalidDataException("it describes a storage in two ways");
    }
    return storage;
  }

  private MemorySegment memory(String key) {
    MemorySegment memory = found.get(key);
    if (memory == null) {
      throw new InvalidDataException("it lacks the storage of a tensor");
    }
    return memory;
  }

  private void locate(Object key) {
    Storage storage = key instanceof String name ? wanted.get(name) : null;
    if (storage == null) {
      throw new InvalidDataException("it lists a storage that no tensor has");
    }
    long elements = in.signedLong();
    if (elements != storage.elements() || elements > Long.MAX_VALUE / Long.BYTES) {
      throw new InvalidDataException(
          Text.format(
              "it has a storage of %d elements where %d belong: it is damaged",
              elements, storage.elements()));
    }
    found.put((String) key, in.slice(elements * storage.dtype().bytes()));
  }
}
