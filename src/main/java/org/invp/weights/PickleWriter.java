package org.invp.weights;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Emits the opcodes of a Python pickle (<a
 * href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools.py</a>), as
 * many as dictionaries of tensors need. Nothing is memoised: every value is written where it
 * stands.
 */
final class PickleWriter {
  private final OutputStream out;

  /**
   * @param out stays the caller's to close
   * @param protocol 2, which has no bytes, or 3
   */
  PickleWriter(OutputStream out, int protocol) throws IOException {
    this.out = out;
    op(0x80);
    out.write(protocol);
  }

  PickleWriter none() throws IOException {
    return op('N');
  }

  PickleWriter bool(boolean value) throws IOException {
    return op(value ? 0x88 : 0x89);
  }

  /** A whole number; LONG1 takes what BININT cannot. */
  PickleWriter integer(long value) throws IOException {
    if (value == (int) value) {
      op('J');
      return raw(little(Integer.BYTES).putInt((int) value));
    }
    op(0x8a);
    out.write(Long.BYTES);
    return raw(little(Long.BYTES).putLong(value));
  }

  PickleWriter text(String value) throws IOException {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    op('X');
    raw(little(Integer.BYTES).putInt(bytes.length));
    out.write(bytes);
    return this;
  }

  /** The start of a byte string (protocol 3); the caller writes exactly that many bytes next. */
  PickleWriter bytes(long length) throws IOException {
    if (length > 0xffff_ffffL) {
      throw new IllegalArgumentException("a byte string of " + length + " bytes");
    }
    op('B');
    return raw(little(Integer.BYTES).putInt((int) length));
  }

  PickleWriter global(String module, String name) throws IOException {
    op('c');
    out.write((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    return this;
  }

  PickleWriter mark() throws IOException {
    return op('(');
  }

  /** What follows the last mark becomes a tuple. */
  PickleWriter tuple() throws IOException {
    return op('t');
  }

  PickleWriter tupleOf(long... values) throws IOException {
    mark();
    for (long value : values) {
      integer(value);
    }
    return tuple();
  }

  PickleWriter emptyTuple() throws IOException {
    return op(')');
  }

  PickleWriter emptyDict() throws IOException {
    return op('}');
  }

  /** The keys and values since the last mark go into the dictionary before it. */
  PickleWriter setItems() throws IOException {
    return op('u');
  }

  /** Calls the global with the tuple after it. */
  PickleWriter reduce() throws IOException {
    return op('R');
  }

  /** Gives the object its state, the value after it. */
  PickleWriter build() throws IOException {
    return op('b');
  }

  /** The value before becomes a reference to something outside the pickle. */
  PickleWriter persistentId() throws IOException {
    return op('Q');
  }

  /** Ends the pickle. */
  void stop() throws IOException {
    op('.');
  }

  private PickleWriter op(int code) throws IOException {
    out.write(code);
    return this;
  }

  private PickleWriter raw(ByteBuffer value) throws IOException {
    out.write(value.array());
    return this;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
