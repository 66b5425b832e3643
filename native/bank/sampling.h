/* Which rows of a bank are sampled to guess the score of the M-th best row, and which of their
 * scores is the guess. */
#ifndef INVP_BANK_SAMPLING_H
#define INVP_BANK_SAMPLING_H

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace invp::bank {

/* Rows 0, stride, 2 stride, ... (`size` of them); the threshold is the sample's score of this rank,
 * from 0. */
struct Sample {
  int64_t size;
  int64_t stride;
  int64_t rank;

  /* False where sampling would cost as much as it saves: every row is a candidate then. */
  bool worthwhile() const { return stride >= 2 && rank < size; }
};

inline Sample plan_sample(int64_t rows, int64_t count) {
  // The sample is large enough for about this many of its rows to rank among the true M, but costs
  // at most about a sixty-fourth of the pass: with a small M a looser threshold is cheaper than a
  // better one.
  constexpr double kSampledHits = 64;
  constexpr int64_t kSmallestSample = 512, kLargestSample = 16384, kRowsPerSampled = 64;
  // Standard deviations by which the threshold is lowered, so that a second search is rare.
  constexpr double kMargin = 4;

  const double share = static_cast<double>(count) / static_cast<double>(rows);
  const auto wanted = static_cast<int64_t>(kSampledHits / share);
  const int64_t largest = std::clamp(rows / kRowsPerSampled, kSmallestSample, kLargestSample);
  const int64_t size = std::clamp(wanted, kSmallestSample, largest);
  const double hits = static_cast<double>(size) * share;
  return {size, rows / size,
          static_cast<int64_t>(hits + kMargin * std::sqrt(hits * (1 - share)) + kMargin)};
}

}  // namespace invp::bank

#endif
