package org.invp.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;

/**
 * One image on its way from a data set to a transform: plain pixels, or a JPEG or WebP file that
 * the native library decodes. A buffer belongs to one thread at a time and is reused; its memory
 * grows to the largest image and stays until {@link #close}.
 */
public final class ImageBuffer implements AutoCloseable {
  /** The most pixels (height x width) an image may have. */
  public static final int MAX_PIXELS = 134_217_728;

  /** What the bytes are. */
  enum Encoding {
    /** Unsigned bytes, [height, width, channels]. */
    PIXELS,
    /** A whole JPEG file. */
    JPEG,
    /** A whole WebP file. */
    WEBP
  }

  private Arena arena;
  private MemorySegment memory = MemorySegment.NULL;
  private MemorySegment data = MemorySegment.NULL;
  private Encoding encoding = Encoding.PIXELS;
  private int height;
  private int width;
  private int channels;

  /** Sets plain pixels, copied: unsigned bytes, [height, width, channels], 1 or 3 channels. */
  public void setPixels(byte[] pixels, int height, int width, int channels) {
    MemorySegment target = reserve(pixels.length);
    MemorySegment.copy(pixels, 0, target, ValueLayout.JAVA_BYTE, 0, pixels.length);
    referTo(target, height, width, channels);
  }

  /** Sets a whole JPEG file, copied. */
  public void setJpeg(byte[] file) {
    MemorySegment target = reserve(file.length);
    MemorySegment.copy(file, 0, target, ValueLayout.JAVA_BYTE, 0, file.length);
    referToFile(target, Encoding.JPEG);
  }

  /** Sets plain pixels without a copy; they must stay as long as the image is in use. */
  void referTo(MemorySegment pixels, int height, int width, int channels) {
    boolean fits =
        height >= 1
            && width >= 1
            && (channels == 1 || channels == 3)
            && (long) height * width <= MAX_PIXELS
            && (long) height * width * channels == pixels.byteSize();
    if (!fits) {
      throw new IllegalArgumentException(
          Text.format(
              "%d bytes of pixels for an image of %d x %d with %d channels",
              pixels.byteSize(), width, height, channels));
    }
    this.data = pixels;
    this.encoding = Encoding.PIXELS;
    this.height = height;
    this.width = width;
    this.channels = channels;
  }

  /** Sets an encoded file without a copy. */
  void referToFile(MemorySegment file, Encoding encoding) {
    this.data = file;
    this.encoding = encoding;
    this.height = 0;
    this.width = 0;
    this.channels = 0;
  }

  /** Memory of the buffer's own; what it held before is gone. */
  MemorySegment reserve(long bytes) {
    if (memory.byteSize() < bytes || arena == null) {
      close();
      arena = NativeObjects.sharedArena();
      memory = arena.allocate(Math.max(4096, bytes + bytes / 2), 64);
    }
    return memory.asSlice(0, bytes);
  }

  MemorySegment data() {
    return data;
  }

  Encoding encoding() {
    return encoding;
  }

  /** Whether this is a JPEG file, whose size only its decoder knows. */
  public boolean isJpeg() {
    return encoding == Encoding.JPEG;
  }

  /** Height of plain pixels, 0 for a file. */
  public int height() {
    return height;
  }

  /** Width of plain pixels, 0 for a file. */
  public int width() {
    return width;
  }

  /** Channels of plain pixels, 0 for a file. */
  public int channels() {
    return channels;
  }

  /** Releases the memory; the buffer may be used again. */
  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
    }
    memory = MemorySegment.NULL;
    data = MemorySegment.NULL;
  }
}
