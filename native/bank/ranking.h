/*
 * The one order of the project: score descending, then id ascending, folded into one unsigned key
 * (larger ranks higher) so that selecting compares integers and never sees a NaN or a signed zero.
 */
#ifndef INVP_BANK_RANKING_H
#define INVP_BANK_RANKING_H

#include <bit>
#include <cstdint>

#include "hd.h"

namespace invp::bank {

using RankKey = uint64_t;

INVP_HD inline RankKey rank_key(float score, int32_t id) {
  // Adding +0 turns -0 into +0. Flipping maps the float order onto the unsigned order.
  const auto bits = std::bit_cast<uint32_t>(score + 0.0f);
  const uint32_t ordered = bits ^ ((bits >> 31) != 0 ? 0xFFFFFFFFu : 0x80000000u);
  return static_cast<RankKey>(ordered) << 32 | ~static_cast<uint32_t>(id);
}

INVP_HD inline int32_t rank_id(RankKey key) {
  return static_cast<int32_t>(~static_cast<uint32_t>(key));
}

INVP_HD inline float rank_score(RankKey key) {
  const auto ordered = static_cast<uint32_t>(key >> 32);
  return std::bit_cast<float>(ordered ^ ((ordered >> 31) != 0 ? 0x80000000u : 0xFFFFFFFFu));
}

}  // namespace invp::bank

#endif
