package org.invp.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.invp.InvpException;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;

/**
 * Arrays larger than the machine's memory: mapped from a file that disappears with them, even if
 * the process is killed.
 */
public final class Scratch {
  private static final int CHUNK = 1 << 20;

  private Scratch() {}

  /**
   * Allocates a tensor of zeros whose memory the operating system keeps in a file. The whole file
   * is written first: a disk that is too full is an error now and no crash later.
   *
   * @param folder where the file is, as long as there is one
   * @return the caller's, to close
   * @throws InvpException if the folder has not so much room
   */
  public static FloatTensor allocate(Path folder, long... shape) {
    long bytes = Math.multiplyExact(NamedTensor.elements(shape), (long) Float.BYTES);
    Arena arena = Arena.ofShared();
    try {
      Path file = Files.createTempFile(folder, ".scratch", ".tmp");
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE)) {
        fill(channel, bytes);
        MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        return FloatTensor.adopt(arena, mapped, shape);
      }
    } catch (IOException e) {
      arena.close();
      throw new InvpException(
          Text.format("no room for %d bytes in %s: %s", bytes, folder, IoErrors.reason(e)), e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static void fill(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(CHUNK, bytes));
    for (long left = bytes; left > 0; left -= zeros.capacity()) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), left));
      Channels.write(channel, zeros);
    }
  }
}
