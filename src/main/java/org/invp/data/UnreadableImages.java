package org.invp.data;

import java.util.BitSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which images of a data set could not be read; logs each once. For any thread. */
final class UnreadableImages {
  private static final Logger LOG = LoggerFactory.getLogger(DataLoader.class);

  private final BitSet known = new BitSet();

  /** Notes that an image could not be read, and why. */
  void add(int index, String reason) {
    synchronized (known) {
      if (known.get(index)) {
        return;
      }
      known.set(index);
    }
    LOG.warn("image {} is skipped: {}", index, reason);
  }

  /** Whether an image was noted. */
  boolean contains(int index) {
    synchronized (known) {
      return known.get(index);
    }
  }
}
