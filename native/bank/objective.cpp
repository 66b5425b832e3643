#include "objective.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "invp/bank.h"

namespace invp::bank {
namespace {

// The published program adds this to both ratios before the logarithm.
constexpr double kOfficialEpsilon = 1e-7;

/*
 * One anchor. The gradient with respect to the unit embedding is a weighted sum of bank rows; the
 * losses fill in the weights: one for each of the nearest, one for each of the chosen, one for the
 * anchor's own row.
 */
class Anchor {
 public:
  Anchor(const Kernels& kernels, const ObjectiveOptions& options, const ObjectiveInputs& in)
      : kernels_(kernels), options_(options), in_(in), scale_(1.0f / options.temperature) {
    const auto nearest = static_cast<size_t>(in.nearest_count),
               chosen = static_cast<size_t>(in.chosen_count);
    nearest_exp_.resize(nearest);
    negative_.resize(nearest);
    chosen_exp_.resize(chosen);
    chosen_weight_.resize(chosen);
  }

  /* Returns the losses, writes the weights of the nearest rows and what the other rows add to
   * dL/dv. */
  Losses run(int32_t b, float* nearest_weight, float* gradient) {
    select(b, nearest_weight);
    const Losses losses = options_.mode == INVP_BANK_MODE_PAPER ? paper() : official();
    const auto own_weight = static_cast<float>(own_weight_);
    std::fill_n(gradient, in_.dimension, 0.0f);
    kernels_.add_rows(in_.bank, in_.dimension, &id_, &own_weight, 1, gradient);
    kernels_.add_rows(in_.bank, in_.dimension, chosen_, chosen_weight_.data(), chosen_count_,
                      gradient);
    return losses;
  }

 private:
  void select(int32_t b, float* nearest_weight) {
    const auto at = static_cast<size_t>(b);
    id_ = in_.anchors[at];
    own_score_ = in_.own_scores[at];
    nearest_ = in_.nearest + at * static_cast<size_t>(in_.nearest_count);
    nearest_scores_ = in_.nearest_scores + at * static_cast<size_t>(in_.nearest_count);
    positives_ = in_.positives + at * static_cast<size_t>(in_.positives_width);
    chosen_ = in_.chosen + at * static_cast<size_t>(in_.chosen_count);
    chosen_scores_ = in_.chosen_scores + at * static_cast<size_t>(in_.chosen_count);
    chosen_count_ =
        static_cast<int32_t>(std::find(chosen_, chosen_ + in_.chosen_count, -1) - chosen_);
    nearest_weight_ = nearest_weight;
    std::fill_n(nearest_weight_, in_.nearest_count, 0.0f);
    std::fill(chosen_weight_.begin(), chosen_weight_.end(), 0.0f);
    own_weight_ = 0;
  }

  Losses paper() {
    // L_ins over N_M and i.
    const bool own_inside = std::binary_search(nearest_, nearest_ + in_.nearest_count, id_);
    const float shift = std::max(largest_nearest(), own_score_);
    exponentials(nearest_scores_, in_.nearest_count, shift, nearest_exp_);
    const double own = exponential(own_score_, shift);
    const double all = sum(nearest_exp_, in_.nearest_count) + (own_inside ? 0 : own);
    weigh_nearest(1 / all, [](size_t) { return true; });
    if (!own_inside) own_weight_ += own / all;
    own_weight_ -= 1;
    const double instance = std::log(all) - std::log(own);
    if (chosen_count_ == 0) return {instance, 0};

    // L_inv: N_h against B, each with its own shift so that neither sum can vanish.
    mark_negatives();
    float hard_shift = chosen_scores_[0];
    for (int32_t j = 1; j < chosen_count_; ++j)
      hard_shift = std::max(hard_shift, chosen_scores_[j]);
    float all_shift = hard_shift;
    for (size_t j = 0; j < negative_.size(); ++j) {
      if (negative_[j]) all_shift = std::max(all_shift, nearest_scores_[j]);
    }
    if (all_shift != shift)
      exponentials(nearest_scores_, in_.nearest_count, all_shift, nearest_exp_);
    for (size_t j = 0; j < negative_.size(); ++j) {
      if (!negative_[j]) nearest_exp_[j] = 0;
    }
    exponentials(chosen_scores_, chosen_count_, hard_shift, chosen_exp_);
    const double hard = sum(chosen_exp_, chosen_count_);
    const double lower = exponential(hard_shift, all_shift);
    const double against = sum(nearest_exp_, in_.nearest_count) + hard * lower;
    weigh_nearest(options_.invariance_weight / against,
                  [&](size_t j) { return negative_[j] != 0; });
    weigh_chosen(options_.invariance_weight * (lower / against - 1 / hard));
    const double invariance =
        std::log(against) - std::log(hard) +
        (static_cast<double>(all_shift) - static_cast<double>(hard_shift)) * scale_;
    return {instance, invariance};
  }

  Losses official() {
    const float shift = std::max(largest_nearest(), own_score_);
    exponentials(nearest_scores_, in_.nearest_count, shift, nearest_exp_);
    const double own = exponential(own_score_, shift);
    const double all = sum(nearest_exp_, in_.nearest_count);

    // L_ins = -log(p + epsilon), p = own / all.
    const double p = own / all;
    const double outer = -p / (p + kOfficialEpsilon);
    weigh_nearest(-outer / all, [](size_t) { return true; });
    own_weight_ += outer;

    // L_inv = -log(r + epsilon), r = hard / rest.
    exponentials(chosen_scores_, chosen_count_, shift, chosen_exp_);
    const double hard = sum(chosen_exp_, chosen_count_);
    const double rest = all - (options_.exclusive ? own : 0);
    const double r = hard / rest;
    const double factor = -options_.invariance_weight / (r + kOfficialEpsilon);
    weigh_chosen(factor / rest);
    weigh_nearest(-factor * r / rest, [](size_t) { return true; });
    if (options_.exclusive) own_weight_ += factor * r / rest * own;
    return {-std::log(p + kOfficialEpsilon), -std::log(r + kOfficialEpsilon)};
  }

  // Of N_M, what is neither a positive nor (when exclusive) the anchor; both lists ascend.
  void mark_negatives() {
    const int32_t* positive = positives_;
    const int32_t* end = std::find(positives_, positives_ + in_.positives_width, -1);
    for (int32_t j = 0; j < in_.nearest_count; ++j) {
      while (positive != end && *positive < nearest_[j]) ++positive;
      const bool discovered = positive != end && *positive == nearest_[j];
      const bool anchor = options_.exclusive && nearest_[j] == id_;
      negative_[static_cast<size_t>(j)] = !discovered && !anchor;
    }
  }

  float largest_nearest() const {
    return *std::max_element(nearest_scores_, nearest_scores_ + in_.nearest_count);
  }

  void exponentials(const float* scores, int32_t count, float shift,
                    std::vector<float>& out) const {
    kernels_.exponentials(scores, count, shift, scale_, out.data());
  }

  double exponential(float score, float shift) const {
    float result;
    kernels_.exponentials(&score, 1, shift, scale_, &result);
    return static_cast<double>(result);
  }

  // In blocks of sixteen partial sums, so that the order does not depend on the width of a vector.
  static double sum(const std::vector<float>& values, int32_t count) {
    double partial[16] = {};
    int32_t j = 0;
    for (; j + 16 <= count; j += 16) {
      for (int32_t lane = 0; lane < 16; ++lane)
        partial[lane] += static_cast<double>(values[static_cast<size_t>(j + lane)]);
    }
    for (int32_t lane = 0; j < count; ++j, ++lane)
      partial[lane] += static_cast<double>(values[static_cast<size_t>(j)]);
    double total = 0;
    for (double value : partial) total += value;
    return total;
  }

  template <typename Belongs>
  void weigh_nearest(double factor, Belongs&& belongs) {
    const auto rounded = static_cast<float>(factor);
    for (size_t j = 0; j < nearest_exp_.size(); ++j) {
      if (belongs(j)) nearest_weight_[j] += rounded * nearest_exp_[j];
    }
  }

  void weigh_chosen(double factor) {
    for (int32_t j = 0; j < chosen_count_; ++j) {
      chosen_weight_[static_cast<size_t>(j)] +=
          static_cast<float>(factor * static_cast<double>(chosen_exp_[static_cast<size_t>(j)]));
    }
  }

  const Kernels& kernels_;
  const ObjectiveOptions& options_;
  const ObjectiveInputs& in_;
  const float scale_;

  int32_t id_ = 0;
  float own_score_ = 0;
  double own_weight_ = 0;
  const int32_t* nearest_ = nullptr;
  const float* nearest_scores_ = nullptr;
  const int32_t* positives_ = nullptr;
  const int32_t* chosen_ = nullptr;
  const float* chosen_scores_ = nullptr;
  int32_t chosen_count_ = 0;
  float* nearest_weight_ = nullptr;
  std::vector<float> nearest_exp_, chosen_exp_, chosen_weight_;
  std::vector<uint8_t> negative_;
};

/*
 * Adds the weighted nearest rows of anchors [begin, end) to their gradients. Anchors share rows (at
 * N = 60,000 a row is near to several of a batch), so the bank is walked in blocks that stay in the
 * cache while every anchor takes its rows of them. Each anchor still adds its rows in id order.
 */
void add_nearest_rows(const Kernels& kernels, const ObjectiveInputs& in, const float* weights,
                      int64_t begin, int64_t end, float* gradient) {
  constexpr int64_t kCachedBytes = int64_t{1} << 18;
  constexpr int64_t kRowsPerTurn = 32;  // with fewer the turns themselves cost more
  const int64_t rows_per_block =
      std::max(kCachedBytes / (4 * in.dimension), kRowsPerTurn * in.rows / in.nearest_count) + 1;
  std::vector<int32_t> next(static_cast<size_t>(end - begin));
  for (int64_t limit = rows_per_block; limit < in.rows + rows_per_block; limit += rows_per_block) {
    for (int64_t b = begin; b < end; ++b) {
      int32_t& from = next[static_cast<size_t>(b - begin)];
      const int32_t* ids = in.nearest + b * in.nearest_count;
      const auto to = static_cast<int32_t>(
          std::lower_bound(ids + from, ids + in.nearest_count, limit,
                           [](int32_t id, int64_t bound) { return id < bound; }) -
          ids);
      kernels.add_rows(in.bank, in.dimension, ids + from, weights + b * in.nearest_count + from,
                       to - from, gradient + b * in.dimension);
      from = to;
    }
  }
}

// dL/dx = (g - (g . v) v) / |x|, g = dL/dv = (weighted rows) / (temperature * batch).
void project(const ObjectiveInputs& in, float temperature, int64_t b, float* gradient) {
  const auto columns = static_cast<size_t>(in.dimension);
  const float* unit = in.unit + static_cast<size_t>(b) * columns;
  double along = 0;
  for (size_t d = 0; d < columns; ++d) {
    along += static_cast<double>(gradient[d]) * static_cast<double>(unit[d]);
  }
  const double factor = static_cast<double>(1.0f / temperature) / in.batch /
                        static_cast<double>(in.norms[static_cast<size_t>(b)]);
  for (size_t d = 0; d < columns; ++d) {
    gradient[d] = static_cast<float>(
        (static_cast<double>(gradient[d]) - along * static_cast<double>(unit[d])) * factor);
  }
}

}  // namespace

Losses objective(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                 const ObjectiveInputs& in, ObjectiveScratch& scratch, float* gradient) {
  scratch.reserve(static_cast<size_t>(in.batch) * static_cast<size_t>(in.nearest_count));
  std::vector<Losses> losses(static_cast<size_t>(in.batch));
  std::vector<Anchor> anchors(static_cast<size_t>(pool.threads()), Anchor(kernels, options, in));
  pool.for_each(in.batch, 1, [&](int thread, int64_t b, int64_t) {
    losses[static_cast<size_t>(b)] = anchors[static_cast<size_t>(thread)].run(
        static_cast<int32_t>(b), scratch.data() + b * in.nearest_count,
        gradient + b * in.dimension);
  });
  const int64_t share = (in.batch + pool.threads() - 1) / pool.threads();
  pool.for_each(in.batch, share, [&](int, int64_t begin, int64_t end) {
    add_nearest_rows(kernels, in, scratch.data(), begin, end, gradient);
    for (int64_t b = begin; b < end; ++b) {
      project(in, options.temperature, b, gradient + b * in.dimension);
    }
  });
  Losses mean{0, 0};
  for (const Losses& loss : losses) {
    mean.instance += loss.instance / in.batch;
    mean.invariance += loss.invariance / in.batch;
  }
  return mean;
}

}  // namespace invp::bank
