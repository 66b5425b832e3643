package org.invp.bank;

/** Numbers to draw from that are as good as independent, though seeds and steps are small. */
public final class Draws {
  private Draws() {}

  /**
   * The draw of a step.
   *
   * @param seed of the run
   * @param step counted over the whole run
   */
  public static long of(long seed, long step) {
    return mix(mix(seed) ^ step);
  }

  /** SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the increment, then the finaliser. */
  private static long mix(long value) {
    long x = value + 0x9E3779B97F4A7C15L;
    x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
