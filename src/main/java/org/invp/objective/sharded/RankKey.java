package org.invp.objective.sharded;

/**
 * The one order of the project, score descending, then id ascending, folded into a {@code long}:
 * the larger key ranks higher. No two rows of a query have the same key.
 */
final class RankKey {
  /** Below the key of every row. */
  static final long NONE = Long.MIN_VALUE;

  private RankKey() {}

  static long of(float score, int id) {
    // Adding +0 turns -0 into +0; flipping the lower bits of negative ones gives the floats' order.
    int bits = Float.floatToRawIntBits(score + 0.0f);
    int ordered = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return ((long) ordered << 32) | (~id & 0xFFFF_FFFFL);
  }

  static int id(long key) {
    return ~(int) key;
  }
}
