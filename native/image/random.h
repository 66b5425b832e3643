/*
 * The generator behind every drawn parameter, as documented in invp/image.h:
 * stateless, so that a number depends on (seed, epoch, image, n) and on nothing
 * that ran before.
 */
#ifndef INVP_IMAGE_RANDOM_H
#define INVP_IMAGE_RANDOM_H

#include <cstdint>

namespace invp::image {

class Random {
 public:
  Random(uint64_t seed, uint64_t epoch, uint64_t image) noexcept
      : key_(absorb(absorb(absorb(0, seed), epoch), image)) {}

  uint64_t bits(uint64_t n) const noexcept { return mix(key_ + (n + 1) * kIncrement); }

  /* In [0, 1), a multiple of 2^-53. */
  double unit(uint64_t n) const noexcept { return static_cast<double>(bits(n) >> 11) * 0x1p-53; }

  double uniform(uint64_t n, double low, double high) const noexcept {
    return low + (high - low) * unit(n);
  }

  /* In 0..count-1; count is far below 2^32, so the bias is below 2^-32. */
  int32_t below(uint64_t n, int32_t count) const noexcept {
    return static_cast<int32_t>(((bits(n) >> 32) * static_cast<uint64_t>(count)) >> 32);
  }

 private:
  static constexpr uint64_t kIncrement = 0x9e3779b97f4a7c15u;

  /* SplitMix64's finaliser. */
  static constexpr uint64_t mix(uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  static constexpr uint64_t absorb(uint64_t state, uint64_t word) noexcept {
    return mix((state ^ word) + kIncrement);
  }

  uint64_t key_;
};

}  // namespace invp::image

#endif
