package org.invp.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.invp.io.AtomicFile;
import org.invp.io.DType;
import org.invp.io.NamedTensor;

/**
 * Writes a state dict as {@code torch.save} does since PyTorch 1.6: an uncompressed zip archive
 * with a pickle that describes the tensors and one file per storage, each starting at a multiple of
 * 64 bytes so that {@code torch.load(mmap=True)} can map it. {@code torch.load(weights_only=True)}
 * reads it. The same tensors give the same bytes.
 */
final class TorchWriter {
  private static final String ROOT = "archive/";
  private static final int ALIGNMENT = 64;

  /** Bytes of a local file header without name and extra field. */
  private static final int LOCAL_HEADER = 30;

  /** PyTorch's own tag of a padding field, and the bytes of tag and length. */
  private static final byte[] PADDING_TAG = {'F', 'B'};

  private static final int PADDING_HEADER = 4;

  /** The same for all; Java adds a field of its own to the first moment that zip knows. */
  private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 2, 0, 0);

  private TorchWriter() {}

  /**
   * Writes a file, whole or not at all.
   *
   * @param tensors row-major, of type F32, I32 or I64
   */
  static void write(Path path, List<NamedTensor> tensors) {
    byte[] description = pickle(tensors);
    AtomicFile.write(
        path,
        channel -> {
          ZipOutputStream zip = new ZipOutputStream(Channels.newOutputStream(channel));
          add(channel, zip, "data.pkl", MemorySegment.ofArray(description));
          add(channel, zip, "byteorder", text("little"));
          for (int key = 0; key < tensors.size(); key++) {
            add(channel, zip, "data/" + key, tensors.get(key).data());
          }
          add(channel, zip, "version", text("3\n"));
          zip.finish();
        });
  }

  private static MemorySegment text(String text) {
    return MemorySegment.ofArray(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void add(
      FileChannel channel, ZipOutputStream zip, String name, MemorySegment content)
      throws IOException {
    ZipEntry entry = new ZipEntry(ROOT + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.byteSize());
    entry.setCrc(TensorBytes.crc32(content));
    entry.setTimeLocal(NO_TIME);
    entry.setExtra(padding(channel.position() + LOCAL_HEADER + entry.getName().length()));
    zip.putNextEntry(entry);
    TensorBytes.write(zip, content);
    zip.closeEntry();
  }

  /** An extra field after which the content starts at a multiple of the alignment. */
  private static byte[] padding(long end) {
    int fill = (int) Math.floorMod(-(end + PADDING_HEADER), (long) ALIGNMENT);
    byte[] field = new byte[PADDING_HEADER + fill];
    Arrays.fill(field, (byte) 'Z');
    field[0] = PADDING_TAG[0];
    field[1] = PADDING_TAG[1];
    field[2] = (byte) fill;
    field[3] = 0;
    return field;
  }

  private static byte[] pickle(List<NamedTensor> tensors) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      PickleWriter pickle = new PickleWriter(out, 2);
      orderedDict(pickle).mark();
      for (int key = 0; key < tensors.size(); key++) {
        pickle.text(tensors.get(key).name());
        tensor(pickle, Integer.toString(key), tensors.get(key));
      }
      pickle.setItems().stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static PickleWriter orderedDict(PickleWriter pickle) throws IOException {
    return pickle.global("collections", "OrderedDict").emptyTuple().reduce();
  }

  /** {@code _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)}. */
  private static void tensor(PickleWriter pickle, String key, NamedTensor tensor)
      throws IOException {
    long[] shape = tensor.shape();
    pickle.global("torch._utils", "_rebuild_tensor_v2").mark();
    pickle.mark().text("storage").global("torch", storage(tensor.dtype()));
    pickle.text(key).text("cpu").integer(tensor.size()).tuple().persistentId();
    pickle.integer(0).tupleOf(shape).tupleOf(Strides.rowMajor(shape)).bool(false);
    orderedDict(pickle).tuple().reduce();
  }

  private static String storage(DType dtype) {
    return switch (dtype) {
      case F32 -> "FloatStorage";
      case I32 -> "IntStorage";
      case I64 -> "LongStorage";
      default -> throw new IllegalArgumentException("no tensors of type " + dtype);
    };
  }
}
