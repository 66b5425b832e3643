package org.invp.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import org.invp.InvalidDataException;
import org.invp.NativeMemoryException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;

/** Images of one size held in native memory: [count, height, width, channels] unsigned bytes. */
final class PixelStore implements AutoCloseable {
  /** The most bytes of pixels that one data set may hold in memory. */
  static final long MAX_BYTES = 16L << 30;

  private final Arena arena;
  private final MemorySegment pixels;
  private final int count;
  private final int height;
  private final int width;
  private final int channels;

  private PixelStore(Arena arena, int count, int height, int width, int channels) {
    this.arena = arena;
    this.count = count;
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.pixels = arena.allocate(count * imageBytes(), 64);
  }

  /**
   * Allocates room for images, zeroed.
   *
   * @param source the file whose header asked for them, for the message
   * @throws InvalidDataException if they are more than {@link #MAX_BYTES}, or images are absurd
   */
  static PixelStore allocate(Path source, long count, long height, long width, int channels) {
    if (count < 1 || height < 1 || width < 1) {
      throw new InvalidDataException(
          Text.format(
              "%s: %d images of %d x %d pixels, expected at least one image of at least one pixel",
              source, count, width, height));
    }
    boolean fits =
        count <= Integer.MAX_VALUE
            && height <= ImageBuffer.MAX_PIXELS / width
            && count <= MAX_BYTES / (height * width * channels);
    if (!fits) {
      throw new InvalidDataException(
          Text.format(
              "%s: %d images of %d x %d pixels, at most %d GiB of pixels are held in memory",
              source, count, width, height, MAX_BYTES >> 30));
    }
    Arena arena = NativeObjects.sharedArena();
    try {
      return new PixelStore(arena, (int) count, (int) height, (int) width, channels);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new NativeMemoryException(
          Text.format(
              "%s: no memory for %d MiB of pixels",
              source, (count * height * width * channels) >> 20),
          e);
    }
  }

  int count() {
    return count;
  }

  int height() {
    return height;
  }

  int width() {
    return width;
  }

  int channels() {
    return channels;
  }

  long imageBytes() {
    return (long) height * width * channels;
  }

  /** All pixels. */
  MemorySegment pixels() {
    return pixels;
  }

  /** Stores one image. */
  void set(int index, byte[] image) {
    MemorySegment.copy(
        image, 0, pixels, ValueLayout.JAVA_BYTE, index * imageBytes(), (int) imageBytes());
  }

  /** Lets a buffer refer to one image. */
  void read(int index, ImageBuffer buffer) {
    Objects.checkIndex(index, count);
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("the data set is closed");
    }
    buffer.referTo(pixels.asSlice(index * imageBytes(), imageBytes()), height, width, channels);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
