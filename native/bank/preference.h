/* Which of an anchor's discovered positives come first, for the CPU and for CUDA. */
#ifndef INVP_BANK_PREFERENCE_H
#define INVP_BANK_PREFERENCE_H

#include <cstdint>

#include "hd.h"
#include "invp/bank.h"
#include "mix.h"
#include "ranking.h"

namespace invp::bank {

/* The order among one anchor's positives: each has a key, and the largest keys are chosen. */
struct Preference {
  int32_t selection; /* INVP_BANK_SELECTION_* */
  uint64_t stream;   /* of the anchor's draw */

  INVP_HD Preference(int32_t how, uint64_t draw, int32_t anchor)
      : selection(how), stream(mix(draw ^ static_cast<uint64_t>(anchor))) {}

  /* The key of the j-th positive; 0, below any other, for an id of -1. */
  INVP_HD RankKey key(int32_t id, float score, int64_t j) const {
    if (id < 0) return 0;
    if (selection == INVP_BANK_SELECTION_RANDOM) {
      return (mix(stream ^ static_cast<uint64_t>(j)) >> 32) << 32 | ~static_cast<uint32_t>(j);
    }
    // The least similar by (score, smaller id first) are the most similar ones of the negated
    // scores.
    return rank_key(selection == INVP_BANK_SELECTION_HARD ? -score : score, id);
  }

  /* The id that a key stands for, of the row of ids that it was made from. */
  INVP_HD int32_t id(RankKey key, const int32_t* ids) const {
    return selection == INVP_BANK_SELECTION_RANDOM ? ids[rank_id(key)] : rank_id(key);
  }

  /* The score likewise. */
  INVP_HD float score(RankKey key, const float* scores) const {
    if (selection == INVP_BANK_SELECTION_RANDOM) return scores[rank_id(key)];
    return selection == INVP_BANK_SELECTION_HARD ? -rank_score(key) : rank_score(key);
  }
};

}  // namespace invp::bank

#endif
