package org.invp.data;

import static org.invp.data.MultiLabelDataset.Target.ABSENT;
import static org.invp.data.MultiLabelDataset.Target.DIFFICULT;
import static org.invp.data.MultiLabelDataset.Target.PRESENT;
import static org.invp.data.Samples.assertInvalid;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.invp.data.MultiLabelDataset.Target;
import org.junit.jupiter.api.Test;

class MultiLabelDatasetTest {
  /** Three classes; a row per image. */
  private record Table(Target[]... targets) implements MultiLabelDataset {
    @Override
    public int size() {
      return targets.length;
    }

    @Override
    public int channels() {
      return 3;
    }

    @Override
    public int imageHeight() {
      return 0;
    }

    @Override
    public int imageWidth() {
      return 0;
    }

    @Override
    public List<String> classNames() {
      return List.of("ant", "bee", "cow");
    }

    @Override
    public Target target(int image, int cls) {
      return targets[image][cls];
    }

    @Override
    public String describe(int index) {
      return "image " + index;
    }

    @Override
    public void read(int index, ImageBuffer buffer) {
      throw new UnsupportedOperationException("no pixels");
    }

    @Override
    public void noteUnreadable(int index, String reason) {
      throw new UnsupportedOperationException("no pixels");
    }

    @Override
    public boolean isUnreadable(int index) {
      return false;
    }

    @Override
    public void close() {}
  }

  private static Target[] row(Target... targets) {
    return targets;
  }

  private final MultiLabelDataset dataset =
      new Table(
          row(DIFFICULT, ABSENT, PRESENT),
          row(ABSENT, DIFFICULT, DIFFICULT),
          row(ABSENT, ABSENT, ABSENT));

  @Test
  void theLabelIsTheFirstPresentClassElseTheFirstDifficultOne() {
    assertArrayEquals(new int[] {2, 1}, dataset.subset(2).labels());
    assertInvalid(() -> dataset.label(2), "image 2", "no class");
  }

  @Test
  void aSubsetKeepsTheTargets() {
    MultiLabelDataset first = dataset.subset(1);
    assertEquals(1, first.size());
    assertEquals(3, first.classes());
    assertEquals(DIFFICULT, first.target(0, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> first.target(1, 0));
    assertSame(dataset, dataset.subset(3));
  }

  @Test
  void aSelectionKeepsTheTargetsOfItsImages() {
    MultiLabelDataset chosen = dataset.select(1, 0);
    assertArrayEquals(new int[] {1, 2}, chosen.labels());
    assertEquals(PRESENT, chosen.target(1, 2));
    assertEquals(DIFFICULT, chosen.select(0).target(0, 2));
  }
}
