package org.invp.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.NativeMemoryException;
import org.junit.jupiter.api.Test;

class TensorTest {
  @Test
  void sliceSharesTheRowsItNames() {
    try (FloatTensor tensor = FloatTensor.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2)) {
      FloatTensor last = tensor.slice(1, 3);
      assertArrayEquals(new long[] {2, 2}, last.shape());
      assertArrayEquals(new float[] {2, 3, 4, 5}, last.toArray());
      last.set(0, 9);
      assertEquals(9, tensor.get(2));
    }
  }

  @Test
  void sliceRefusesRowsOutsideTheTensor() {
    try (IntTensor tensor = IntTensor.allocate(3, 2)) {
      assertThrows(IllegalArgumentException.class, () -> tensor.slice(4));
      assertThrows(IllegalArgumentException.class, () -> tensor.slice(2, 1));
      assertThrows(IllegalArgumentException.class, () -> tensor.slice(-1, 1));
    }
  }

  @Test
  void aTensorStartsAsZerosAndMayBeEmpty() {
    try (IntTensor tensor = IntTensor.allocate(2, 2);
        FloatTensor empty = FloatTensor.allocate(0, 5)) {
      assertArrayEquals(new int[4], tensor.toArray());
      assertEquals(0, empty.size());
      assertEquals(0, empty.slice(0).size());
    }
  }

  @Test
  void aLargeTensorIsZeroedAlignedAndWritableToItsEnd() {
    long rows = 3_000_001;
    try (FloatTensor tensor = FloatTensor.allocate(rows)) {
      assertEquals(0, tensor.segment().address() % 64);
      assertEquals(0, tensor.get(rows - 1));
      tensor.set(rows - 1, 7);
      assertEquals(7, tensor.slice(rows - 1, rows).get(0));
    }
  }

  @Test
  void moreMemoryThanThereIsIsOneClearError() {
    NativeMemoryException e =
        assertThrows(NativeMemoryException.class, () -> FloatTensor.allocate(1L << 46));
    assertEquals("no native memory for 281474976710656 bytes", e.getMessage());
  }

  @Test
  void wrongSizesAreRefused() {
    try (FloatTensor tensor = FloatTensor.allocate(2, 2)) {
      assertThrows(IllegalArgumentException.class, () -> tensor.copyFrom(new float[3]));
      assertThrows(IndexOutOfBoundsException.class, () -> tensor.get(4));
    }
    assertThrows(IllegalArgumentException.class, () -> FloatTensor.allocate(2, -1));
    assertThrows(ArithmeticException.class, () -> FloatTensor.allocate(1L << 40, 1L << 40));
  }

  @Test
  void useAfterCloseThrowsAndClosingTwiceOrClosingAViewDoesNot() {
    FloatTensor tensor = FloatTensor.of(new float[] {1, 2}, 2);
    FloatTensor view = tensor.slice(1);
    view.close();
    assertEquals(1, tensor.get(0));
    tensor.close();
    tensor.close();
    assertThrows(IllegalStateException.class, () -> tensor.get(0));
    assertThrows(IllegalStateException.class, () -> view.get(0));
  }

  @Test
  void memoryThatWasAClosedTensorsMayBeWritten() {
    try (FloatTensor tensor = FloatTensor.allocate(2)) {
      Arena arena = Arena.ofConfined();
      MemorySegment there =
          MemorySegment.ofAddress(tensor.segment().address()).reinterpret(8, arena, null);
      assertThrows(IllegalArgumentException.class, () -> tensor.output(there));
      arena.close();
      assertEquals(8, tensor.output(there).byteSize());
    }
  }
}
