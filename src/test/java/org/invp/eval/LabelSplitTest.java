package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LabelSplitTest {
  @Test
  void takesAShareOfEveryClassAndAtLeastOneImage() {
    int[] labels = new Random(1).ints(5000, 0, 7).toArray();
    labels[17] = 7; // a class of one image
    int[] chosen = LabelSplit.perClass(labels, 0.1, 3);
    assertArrayEquals(Arrays.stream(chosen).sorted().distinct().toArray(), chosen);
    for (int label = 0; label < 8; label++) {
      int id = label;
      long all = Arrays.stream(labels).filter(own -> own == id).count();
      long taken = Arrays.stream(chosen).filter(image -> labels[image] == id).count();
      assertEquals(Math.max(1, Math.round(0.1 * all)), taken);
    }
  }

  @Test
  void followsFromTheSeed() {
    int[] labels = new int[100];
    int[] one = LabelSplit.perClass(labels, 0.2, 5);
    assertArrayEquals(one, LabelSplit.perClass(labels, 0.2, 5));
    assertFalse(Arrays.equals(one, LabelSplit.perClass(labels, 0.2, 6)));
    assertThrows(IllegalArgumentException.class, () -> LabelSplit.perClass(labels, 0, 5));
  }
}
