package org.invp.io;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.invp.internal.Text;
import us.hebi.matlab.mat.types.Source;

/**
 * Bytes for the MAT File Library, without the library's own sources: those use {@code
 * sun.misc.Unsafe}, of which newer JDKs warn. Reads one stream from front to end.
 */
final class MatSource implements Source {
  private static final int CHUNK = 1 << 16;

  /** Of the format's types of data, 1 to this. */
  private static final int LARGEST_TYPE = 18;

  private final InputStream in;
  private final long most;
  private final byte[] number = new byte[Long.BYTES];
  private final ByteBuffer view = ByteBuffer.wrap(number);

  /** For many bytes at once; there when first needed, since a file may have many small parts. */
  private byte[] chunk;

  private long position;
  private int lastInt;

  /**
   * @param most bytes that any part of the file can have, inflated
   */
  MatSource(InputStream in, long most) {
    this.in = in;
    this.most = most;
  }

  @Override
  public Source order(ByteOrder order) {
    view.order(order);
    return this;
  }

  @Override
  public ByteOrder order() {
    return view.order();
  }

  @Override
  public long getPosition() {
    return position;
  }

  @Override
  public void readBytes(byte[] target, int offset, int length) throws IOException {
    int got = in.readNBytes(target, offset, length);
    position += got;
    if (got < length) {
      throw new EOFException();
    }
  }

  /** The next bytes, at the start of {@link #view}. */
  private ByteBuffer next(int bytes) throws IOException {
    readBytes(number, 0, bytes);
    return view;
  }

  @Override
  public byte readByte() throws IOException {
    return next(1).get(0);
  }

  @Override
  public short readShort() throws IOException {
    return next(Short.BYTES).getShort(0);
  }

  /**
   * The library reads tags by this: a type, then a number of bytes, for which it allocates before
   * it reads.
   */
  @Override
  public int readInt() throws IOException {
    int value = next(Integer.BYTES).getInt(0);
    if (lastInt >= 1 && lastInt <= LARGEST_TYPE && (value < 0 || value > most)) {
      throw new IOException(
          Text.format(
              "a part of %d bytes, more than the file can hold", Integer.toUnsignedLong(value)));
    }
    lastInt = value;
    return value;
  }

  @Override
  public long readLong() throws IOException {
    return next(Long.BYTES).getLong(0);
  }

  @Override
  public float readFloat() throws IOException {
    return next(Float.BYTES).getFloat(0);
  }

  @Override
  public double readDouble() throws IOException {
    return next(Double.BYTES).getDouble(0);
  }

  @Override
  public void readShorts(short[] target, int offset, int length) throws IOException {
    for (int i = 0; i < length; i++) {
      target[offset + i] = readShort();
    }
  }

  @Override
  public void readInts(int[] target, int offset, int length) throws IOException {
    for (int i = 0; i < length; i++) {
      target[offset + i] = next(Integer.BYTES).getInt(0);
    }
  }

  @Override
  public void readLongs(long[] target, int offset, int length) throws IOException {
    for (int i = 0; i < length; i++) {
      target[offset + i] = readLong();
    }
  }

  @Override
  public void readFloats(float[] target, int offset, int length) throws IOException {
    for (int i = 0; i < length; i++) {
      target[offset + i] = readFloat();
    }
  }

  @Override
  public void readDoubles(double[] target, int offset, int length) throws IOException {
    for (int i = 0; i < length; i++) {
      target[offset + i] = readDouble();
    }
  }

  @Override
  public void readByteBuffer(ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      int bytes = readChunk(target.remaining());
      target.put(chunk, 0, bytes);
    }
  }

  /** Reads into {@link #chunk}, {@code most} bytes or as many as it holds; how many. */
  private int readChunk(long most) throws IOException {
    int bytes = (int) Math.min(CHUNK, most);
    if (chunk == null || chunk.length < bytes) {
      chunk = new byte[bytes];
    }
    readBytes(chunk, 0, bytes);
    return bytes;
  }

  @Override
  public void skip(long bytes) throws IOException {
    for (long left = bytes; left > 0; ) {
      left -= readChunk(left);
    }
  }

  @Override
  public Source readInflated(int bytes, int inflateBufferSize) {
    Inflater inflater = new Inflater();
    return new MatSource(
            new InflaterInputStream(new Part(bytes), inflater, Math.clamp(bytes, 1, CHUNK)) {
              @Override
              public void close() {
                inflater.end();
              }
            },
            most)
        .order(order());
  }

  @Override
  public boolean isMutatedByChildren() {
    return true;
  }

  /** Closing a part does not close the whole: who opened the stream closes it. */
  @Override
  public void close() throws IOException {
    if (in instanceof InflaterInputStream) {
      in.close();
    }
  }

  /** The next bytes of this source. */
  private final class Part extends InputStream {
    private int left;

    private Part(int bytes) {
      this.left = bytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int bytes = Math.min(left, length);
      readBytes(target, offset, bytes);
      left -= bytes;
      return bytes;
    }
  }
}
