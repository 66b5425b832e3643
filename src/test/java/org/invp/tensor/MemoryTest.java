package org.invp.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Tensors that do not lie on the host. */
class MemoryTest {
  private final FarMemory far = new FarMemory();

  @Test
  void theHostNeitherReadsNorWritesThemInPlace() {
    try (FloatTensor tensor = FloatTensor.allocate(far, 3, 2)) {
      IllegalStateException e = assertThrows(IllegalStateException.class, () -> tensor.get(0));
      assertTrue(e.getMessage().contains("far:0"), e.getMessage());
      assertThrows(IllegalStateException.class, () -> tensor.set(0, 1));
      assertThrows(IllegalStateException.class, tensor::segment);
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> tensor.segment(far).get(ValueLayout.JAVA_FLOAT, 0));
    }
  }

  @Test
  void copiesGoBothWaysAndKnowTheirRows() {
    try (IntTensor tensor = IntTensor.allocate(far, 3, 2);
        IntTensor rows = IntTensor.of(new int[] {5, 6, 7, 8}, 2, 2)) {
      tensor.slice(1, 3).copyFrom(rows);
      assertArrayEquals(new int[] {0, 0, 5, 6, 7, 8}, tensor.toArray());
      tensor.slice(1).copyFrom(9, 10);
      rows.copyFrom(tensor.slice(0, 2));
      assertArrayEquals(new int[] {9, 10, 5, 6}, rows.toArray());
      tensor.slice(2, 3).copyFrom(tensor.slice(1));
      assertArrayEquals(new int[] {9, 10, 5, 6, 9, 10}, tensor.toArray());
    }
  }

  @Test
  void onHostIsAViewThereAndACopyElsewhere() {
    try (FloatTensor near = FloatTensor.of(new float[] {1, 2}, 2);
        FloatTensor device = FloatTensor.allocate(far, 2);
        FloatTensor view = near.onHost();
        FloatTensor copy = device.onHost()) {
      view.set(0, 3);
      assertEquals(3, near.get(0));
      copy.set(0, 4);
      assertEquals(0, device.toArray()[0]);
      device.copyFrom(copy);
      assertEquals(4, device.toArray()[0]);
    }
  }

  @Test
  void aTensorOfAnotherMemoryOrShapeIsRefused() {
    try (FloatTensor here = FloatTensor.allocate(2);
        FloatTensor there = FloatTensor.allocate(far, 2);
        FloatTensor elsewhere = FloatTensor.allocate(new FarMemory(), 2)) {
      assertThrows(IllegalStateException.class, () -> here.segment(far));
      assertThrows(IllegalStateException.class, () -> elsewhere.copyFrom(there));
      assertThrows(IllegalArgumentException.class, () -> there.copyFrom(here.slice(1)));
    }
  }

  @Test
  void useAfterCloseThrows() {
    FloatTensor tensor = FloatTensor.allocate(far, 2);
    FloatTensor slice = tensor.slice(1);
    tensor.close();
    tensor.close();
    assertThrows(IllegalStateException.class, tensor::toArray);
    assertThrows(IllegalStateException.class, () -> slice.copyFrom(1f));
  }
}
