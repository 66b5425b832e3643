package org.invp.eval;

import org.invp.internal.Text;

/**
 * One number that an evaluation found.
 *
 * @param what what was judged, for example {@code backbone}, {@code layer3.1} or a class's name
 * @param metric how, for example {@code top1}, {@code top5}, {@code recall@5}, {@code map}
 * @param value a share, in [0, 1]
 */
public record Score(String what, String metric, double value) {
  /** Checks that the value is a share. */
  public Score {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          Text.format("%s of %s is %s, allowed: 0 to 1", metric, what, value));
    }
  }
}
