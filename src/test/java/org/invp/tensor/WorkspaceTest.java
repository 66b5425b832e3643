package org.invp.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The memory of a step. */
class WorkspaceTest {
  private final FarMemory far = new FarMemory();

  @Test
  void whatLiesThereStaysAndTheRestIsCopied() {
    try (FloatTensor here = FloatTensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        FloatTensor there = FloatTensor.allocate(far, 2, 2);
        Workspace workspace = new Workspace(far)) {
      assertSame(there, workspace.in(there));
      assertEquals(0, far.copies);
      FloatTensor copy = workspace.in(here);
      assertNotSame(here, copy);
      assertArrayEquals(new float[] {1, 2, 3, 4}, copy.toArray());
      assertArrayEquals(new long[] {2, 2}, workspace.at(here).shape());
    }
  }

  @Test
  void tensorsDoNotShareElements() {
    try (Workspace workspace = new Workspace(Memory.HOST)) {
      IntTensor[] tensors = new IntTensor[50];
      for (int i = 0; i < tensors.length; i++) {
        tensors[i] = workspace.ints(i, 3);
        int[] values = new int[3 * i];
        Arrays.fill(values, i);
        tensors[i].copyFrom(values);
      }
      for (int i = 0; i < tensors.length; i++) {
        int[] expected = new int[3 * i];
        Arrays.fill(expected, i);
        assertArrayEquals(expected, tensors[i].toArray());
      }
    }
  }

  @Test
  void fromTheSecondStepOnNothingIsAllocated() {
    try (Workspace workspace = new Workspace(far)) {
      step(workspace, 40);
      step(workspace, 40);
      long allocated = far.allocations;
      step(workspace, 40);
      step(workspace, 7);
      step(workspace, 40);
      assertEquals(allocated, far.allocations);
    }
  }

  private static void step(Workspace workspace, int size) {
    workspace.reset();
    for (int i = 1; i <= size; i++) {
      workspace.floats(i, 5);
      workspace.ints(i);
    }
  }

  @Test
  void aClosedWorkspaceTakesItsTensorsAlong() {
    Workspace workspace = new Workspace(Memory.HOST);
    FloatTensor tensor = workspace.floats(2);
    workspace.close();
    workspace.close();
    assertThrows(IllegalStateException.class, () -> tensor.get(0));
  }
}
