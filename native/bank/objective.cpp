#include "objective.h"

#include <algorithm>
#include <vector>

#include "invp/bank.h"
#include "loss_terms.h"
#include "weighted_rows.h"

namespace invp::bank {
namespace {

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
    const bool own_inside = std::binary_search(nearest_, nearest_ + in_.nearest_count, id_);
    const float shift = std::max(largest_nearest(), own_score_);
    exponentials(nearest_scores_, in_.nearest_count, shift, nearest_exp_);
    const InstanceTerms instance =
        paper_instance(exponential(own_score_, shift), behind(shift), nearest_sum(), own_inside);
    weigh_nearest(instance.nearest_factor, [](size_t) { return true; });
    own_weight_ = instance.own_weight;
    if (chosen_count_ == 0) return {instance.loss, 0};

    mark_negatives(
        nearest_, in_.nearest_count, [](int32_t id) { return id; }, positives_, in_.positives_width,
        options_.exclusive ? id_ : -1, negative_);
    const float hard_shift = *std::max_element(chosen_scores_, chosen_scores_ + chosen_count_);
    float all_shift = hard_shift;
    for (size_t j = 0; j < negative_.size(); ++j) {
      if (negative_[j]) all_shift = std::max(all_shift, nearest_scores_[j]);
    }
    if (all_shift != shift)
      exponentials(nearest_scores_, in_.nearest_count, all_shift, nearest_exp_);
    for (size_t j = 0; j < negative_.size(); ++j) {
      if (!negative_[j]) nearest_exp_[j] = 0;
    }
    const double gap = (static_cast<double>(all_shift) - static_cast<double>(hard_shift)) * scale_;
    const InvarianceTerms invariance =
        paper_invariance(nearest_sum(), chosen_sum(hard_shift), gap,
                         exponential(hard_shift, all_shift), options_.invariance_weight);
    weigh_nearest(invariance.negative_factor, [&](size_t j) { return negative_[j] != 0; });
    weigh_chosen(invariance.chosen_factor);
    return {instance.loss, invariance.loss};
  }

  Losses official() {
    const float shift = std::max(largest_nearest(), own_score_);
    exponentials(nearest_scores_, in_.nearest_count, shift, nearest_exp_);
    const double own = exponential(own_score_, shift);
    const double all = nearest_sum();
    const InstanceTerms instance = official_instance(own, all);
    const InvarianceTerms invariance = official_invariance(
        own, all, chosen_sum(shift), options_.exclusive, options_.invariance_weight);
    weigh_nearest(instance.nearest_factor, [](size_t) { return true; });
    weigh_nearest(invariance.negative_factor, [](size_t) { return true; });
    weigh_chosen(invariance.chosen_factor);
    own_weight_ = instance.own_weight + invariance.own_weight;
    return {instance.loss, invariance.loss};
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

  /* How far the own score is below another, over the temperature. */
  double behind(float score) const {
    return (static_cast<double>(score) - static_cast<double>(own_score_)) * scale_;
  }

  double nearest_sum() const { return sum(nearest_exp_.data(), in_.nearest_count); }

  double chosen_sum(float shift) {
    exponentials(chosen_scores_, chosen_count_, shift, chosen_exp_);
    return sum(chosen_exp_.data(), chosen_count_);
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
  const WeightedRows nearest{in.bank,        in.rows,          in.dimension, in.nearest,
                             scratch.data(), in.nearest_count, nullptr};
  const int64_t share = (in.batch + pool.threads() - 1) / pool.threads();
  pool.for_each(in.batch, share, [&](int, int64_t begin, int64_t end) {
    add_weighted_rows(kernels, nearest, begin, end, gradient);
    for (int64_t b = begin; b < end; ++b) {
      project(gradient + b * in.dimension, in.unit + b * in.dimension, in.norms[b], in.dimension,
              options.temperature, in.batch);
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
