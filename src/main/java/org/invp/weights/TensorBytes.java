package org.invp.weights;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** A tensor's memory as streams want it, a piece at a time. */
final class TensorBytes {
  private static final int PIECE = 1 << 20;

  private TensorBytes() {}

  static void write(OutputStream out, MemorySegment data) throws IOException {
    byte[] piece = new byte[(int) Math.min(PIECE, data.byteSize())];
    for (long at = 0; at < data.byteSize(); at += PIECE) {
      ByteBuffer next = piece(data, at);
      int bytes = next.remaining();
      next.get(piece, 0, bytes);
      out.write(piece, 0, bytes);
    }
  }

  static long crc32(MemorySegment data) {
    CRC32 crc = new CRC32();
    for (long at = 0; at < data.byteSize(); at += PIECE) {
      crc.update(piece(data, at));
    }
    return crc.getValue();
  }

  private static ByteBuffer piece(MemorySegment data, long at) {
    return data.asSlice(at, Math.min(PIECE, data.byteSize() - at)).asByteBuffer();
  }
}
