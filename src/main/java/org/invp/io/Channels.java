package org.invp.io;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Moves memory of any size between segments and files; one call of a channel takes 2 GiB at most.
 */
final class Channels {
  private static final long CHUNK = 64L << 20;

  private Channels() {}

  static void write(FileChannel channel, MemorySegment segment) throws IOException {
    for (long offset = 0; offset < segment.byteSize(); offset += CHUNK) {
      ByteBuffer buffer = chunk(segment, offset);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }

  static void write(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  static void read(FileChannel channel, MemorySegment segment) throws IOException {
    for (long offset = 0; offset < segment.byteSize(); offset += CHUNK) {
      ByteBuffer buffer = chunk(segment, offset);
      while (buffer.hasRemaining()) {
        if (channel.read(buffer) < 0) {
          throw new EOFException("the file ended early");
        }
      }
    }
  }

  static ByteBuffer chunk(MemorySegment segment, long offset) {
    return segment.asSlice(offset, Math.min(CHUNK, segment.byteSize() - offset)).asByteBuffer();
  }

  static long chunkSize() {
    return CHUNK;
  }
}
