package org.invp.data;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.invp.fuzz.Outside;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.MethodSource;

/** Image files of every type, from their first byte to a transformed view. */
class ImageFileFuzzTest {
  private static final int SIDE = 8;

  private static Outside outside;
  private static ImageBuffer buffer;
  private static NativeTransform transform;
  private static Arena arena;
  private static MemorySegment view;

  @BeforeAll
  static void create() {
    outside = new Outside();
    buffer = new ImageBuffer();
    transform =
        new NativeTransform(new EvaluationTransform(SIDE, SIDE, SIDE, Normalisation.none(3)));
    arena = Arena.ofShared();
    view = arena.allocate(3L * SIDE * SIDE * Float.BYTES, 64);
  }

  @AfterAll
  static void release() {
    outside.close();
    buffer.close();
    transform.close();
    arena.close();
  }

  @MethodSource("org.invp.fuzz.Seeds#images")
  @FuzzTest
  void image(byte[] file) {
    Path path = outside.write("image", file);
    // What an image may hold of pixels is bounded by its own limit, not by the file's size.
    outside.holds(
        ImageBuffer.MAX_PIXELS,
        () -> {
          ImageFile.read(path, buffer);
          transform.apply(0, 0, 0, buffer, view);
        });
  }
}
