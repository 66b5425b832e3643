package org.invp.data;

/**
 * The counter-based generator of {@code invp/image.h}: number n of a stream is {@code mix(key + (n
 * + 1) G)}, with mix SplitMix64's finaliser and G its increment (Steele, Lea, Flood: Fast
 * Splittable Pseudorandom Number Generators, OOPSLA 2014). The same numbers on every machine and
 * Java version.
 */
final class CounterRandom {
  private static final long INCREMENT = 0x9e3779b97f4a7c15L;

  private final long key;
  private long count;

  CounterRandom(long seed, long epoch, long stream) {
    key = absorb(absorb(absorb(0, seed), epoch), stream);
  }

  /** The next number of the stream. */
  long next() {
    count++;
    return mix(key + count * INCREMENT);
  }

  /** A number in 0..bound-1; the bias is below 2^-32. */
  int below(int bound) {
    return (int) (((next() >>> 32) * bound) >>> 32);
  }

  private static long absorb(long state, long word) {
    return mix((state ^ word) + INCREMENT);
  }

  private static long mix(long z) {
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
