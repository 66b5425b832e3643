package org.invp.data;

import org.invp.internal.Text;

/**
 * The part of every batch that one of several processes prepares: consecutive images, so that the
 * parts one after the other are the batch of a single process. Parts differ by one image at most,
 * but none has a single one, on which batch norm cannot train: a batch too small for that goes to
 * the first processes alone.
 *
 * @param index of the process, 0 to {@code count} - 1
 * @param count of processes, at least 1
 */
public record BatchPart(int index, int count) {
  /** Everything: there is one process. */
  public static final BatchPart WHOLE = new BatchPart(0, 1);

  private static final int SMALLEST = 2;

  /** Checks the numbers. */
  public BatchPart {
    if (count < 1 || index < 0 || index >= count) {
      throw new IllegalArgumentException(
          Text.format("part %d of %d, allowed: 0 to count - 1", index, count));
    }
  }

  /** The place in a batch of {@code size} images at which the part begins. */
  int from(int size) {
    return border(size, index);
  }

  /** The number of images of a batch of {@code size} that are in the part; perhaps none. */
  int size(int size) {
    return border(size, index + 1) - border(size, index);
  }

  private int border(int size, int part) {
    int taking = Math.clamp(size / SMALLEST, 1, count);
    return (int) ((long) size * Math.min(part, taking) / taking);
  }
}
