package org.invp.weights;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;

/**
 * The tensors and numbers of a file that another program wrote, by their path in it: the tensor
 * {@code conv1.weight} of the dictionary {@code state_dict} is {@code state_dict.conv1.weight}.
 * Their memory ends with {@link #close}.
 */
final class ForeignFile implements AutoCloseable {
  private static final int ENOUGH_TO_TELL = 512;
  private static final int TAR_MAGIC_AT = 257;

  private final Map<String, StridedTensor> tensors;
  private final Map<String, Long> numbers;
  private final Map<String, String> unread;
  private final long bytes;
  private final AutoCloseable resource;

  private ForeignFile(Flattener content, long bytes, AutoCloseable resource) {
    this.tensors = Collections.unmodifiableMap(content.tensors());
    this.numbers = Collections.unmodifiableMap(content.numbers());
    this.unread = Collections.unmodifiableMap(content.unread());
    this.bytes = bytes;
    this.resource = resource;
  }

  /**
   * Opens a safetensors file or a checkpoint of PyTorch, whatever its name.
   *
   * @throws InvalidDataException one line with the path and the reason
   */
  static ForeignFile open(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment start = start(channel);
      if (startsWith(start, "PK\3\4")) {
        return torch(path, channel.size(), TorchZip.open(path));
      }
      if (TorchLegacy.recognises(start)) {
        return torch(path, channel.size(), TorchLegacy.open(channel));
      }
      refuseOthers(path, start);
      return safetensors(path, channel.size());
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("could not read %s: %s", path, IoErrors.reason(e)), e);
    } catch (InvalidDataException e) {
      String message = e.getMessage();
      throw message.contains(path.toString())
          ? e
          : new InvalidDataException(
              Text.format("%s is not a usable checkpoint: %s", path, message), e);
    }
  }

  /** All tensors, in the file's order. */
  Map<String, StridedTensor> tensors() {
    return tensors;
  }

  /** Whole numbers beside the tensors, such as {@code epoch}. */
  Map<String, Long> numbers() {
    return numbers;
  }

  /** What is not read, by its path: a class or a kind of value. It was not built either. */
  Map<String, String> unread() {
    return unread;
  }

  /** The size of the file. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    try {
      resource.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new InvalidDataException("a file could not be closed: " + e.getMessage(), e);
    }
  }

  private static ForeignFile torch(Path path, long bytes, TorchContent content) {
    try {
      Flattener flat = new Flattener();
      if (content.root() instanceof Opaque opaque) {
        throw new InvalidDataException(
            Text.format(
                "%s holds %s, which is not read and was not executed; only tensors in dictionaries"
                    + " are read: save a network's state_dict()",
                path, opaque.what()));
      }
      flat.add(content.root());
      if (flat.tensors().isEmpty()) {
        throw new InvalidDataException(
            path + " has no tensors in dictionaries" + Keys.unread(flat.unread()));
      }
      return new ForeignFile(flat, bytes, content.resource());
    } catch (RuntimeException | Error e) {
      content.close();
      throw e;
    }
  }

  private static ForeignFile safetensors(Path path, long bytes) {
    TensorFile file = Safetensors.read(path);
    Map<String, Object> tensors = new LinkedHashMap<>();
    for (NamedTensor tensor : file.tensors()) {
      Storage storage = new Storage(tensor.dtype(), tensor.size(), tensor::data);
      tensors.put(
          tensor.name(),
          new StridedTensor(storage, 0, tensor.shape(), Strides.rowMajor(tensor.shape()), false));
    }
    Flattener flat = new Flattener();
    tensors.forEach(flat::add);
    return new ForeignFile(flat, bytes, file);
  }

  private static void refuseOthers(Path path, MemorySegment start) {
    if (start.byteSize() > TAR_MAGIC_AT + 5 && startsWith(start.asSlice(TAR_MAGIC_AT), "ustar")) {
      throw new InvalidDataException(
          path
              + " is a tar archive, PyTorch's format before 0.1.10: load it there and save it"
              + " again");
    }
    boolean json = start.byteSize() > Long.BYTES && startsWith(start.asSlice(Long.BYTES), "{");
    if (startsWith(start, "\200") && !json) {
      throw new InvalidDataException(
          path + " is a bare pickle, not a checkpoint that torch.save wrote");
    }
    if (startsWith(start, "\211HDF")) {
      throw new InvalidDataException(path + " is an HDF5 file, not a checkpoint of PyTorch");
    }
  }

  private static MemorySegment start(FileChannel channel) throws IOException {
    ByteBuffer start = ByteBuffer.allocate((int) Math.min(ENOUGH_TO_TELL, channel.size()));
    while (start.hasRemaining() && channel.read(start, start.position()) >= 0) {
      // Reads on until the buffer is full or the file ends.
    }
    return MemorySegment.ofArray(start.array());
  }

  private static boolean startsWith(MemorySegment bytes, String magic) {
    byte[] expected = magic.getBytes(StandardCharsets.ISO_8859_1);
    return bytes.byteSize() >= expected.length
        && MemorySegment.ofArray(expected).mismatch(bytes.asSlice(0, expected.length)) == -1;
  }
}
