/*
 * The two losses of one anchor, and what they weigh its rows with in the gradient, from nothing but
 * sums of exponentials: the one definition for a whole bank and for a bank in shards, whose sums
 * come from several processes. The formulas are those of invp_bank_objective.
 *
 * A factor times a row's exponential is the row's weight in dL/dv, still to be divided by the
 * temperature and the batch; the anchor's own row has own_weight besides.
 */
#ifndef INVP_BANK_LOSS_TERMS_H
#define INVP_BANK_LOSS_TERMS_H

#include <cmath>
#include <cstdint>
#include <vector>

namespace invp::bank {

/* The published program adds this to both ratios before the logarithm. */
constexpr double kOfficialEpsilon = 1e-7;

struct InstanceTerms {
  double loss, own_weight, nearest_factor;
};

struct InvarianceTerms {
  double loss, own_weight, negative_factor, chosen_factor;
};

/*
 * L_ins over N_M and i; `nearest` is the sum over N_M, in which `own` is counted or not. `own` is
 * exp(-behind), and 0 where that is too small for a float: the loss, all but a logarithm, is not.
 */
inline InstanceTerms paper_instance(double own, double behind, double nearest, bool own_inside) {
  const double all = nearest + (own_inside ? 0 : own);
  return {std::log(all) - (own > 0 ? std::log(own) : -behind), (own_inside ? 0 : own / all) - 1,
          1 / all};
}

/*
 * L_inv of N_h against B. Each has its own shift, so that neither sum can vanish: `hard` is the sum
 * over N_h relative to N_h's largest score, `negatives` that over the rest of B relative to B's
 * largest, `gap` the difference of the two, over the temperature, and `lower` = exp(-gap).
 */
inline InvarianceTerms paper_invariance(double negatives, double hard, double gap, double lower,
                                        double weight) {
  const double against = negatives + hard * lower;
  return {std::log(against) - std::log(hard) + gap, 0, weight / against,
          weight * (lower / against - 1 / hard)};
}

/* L_ins = -log(p + epsilon), p = own / nearest. */
inline InstanceTerms official_instance(double own, double nearest) {
  const double p = own / nearest;
  const double outer = -p / (p + kOfficialEpsilon);
  return {-std::log(p + kOfficialEpsilon), outer, -outer / nearest};
}

/* L_inv = -log(r + epsilon), r = hard / rest; all sums relative to the same shift. */
inline InvarianceTerms official_invariance(double own, double nearest, double hard, bool exclusive,
                                           double weight) {
  const double rest = nearest - (exclusive ? own : 0);
  const double r = hard / rest;
  const double factor = -weight / (r + kOfficialEpsilon);
  return {-std::log(r + kOfficialEpsilon), exclusive ? factor * r / rest * own : 0,
          -factor * r / rest, factor / rest};
}

/* The sum in sixteen partial sums, so that the order does not depend on the width of a vector. */
inline double sum(const float* values, int32_t count) {
  double partial[16] = {};
  int32_t j = 0;
  for (; j + 16 <= count; j += 16) {
    for (int32_t lane = 0; lane < 16; ++lane)
      partial[lane] += static_cast<double>(values[j + lane]);
  }
  for (int32_t lane = 0; j < count; ++j, ++lane) partial[lane] += static_cast<double>(values[j]);
  double total = 0;
  for (double value : partial) total += value;
  return total;
}

/*
 * negative[j] = whether the row ids[j] (ascending; `global` gives its id) is neither one of the
 * positives (ascending, padded with -1) nor `excluded`.
 */
template <typename Global>
void mark_negatives(const int32_t* ids, int32_t count, Global&& global, const int32_t* positives,
                    int32_t positives_width, int64_t excluded, std::vector<uint8_t>& negative) {
  const int32_t* positive = positives;
  const int32_t* const end = positives + positives_width;
  for (int32_t j = 0; j < count; ++j) {
    const int64_t id = global(ids[j]);
    while (positive != end && *positive >= 0 && *positive < id) ++positive;
    const bool discovered = positive != end && *positive == id;
    negative[static_cast<size_t>(j)] = !discovered && id != excluded;
  }
}

}  // namespace invp::bank

#endif
