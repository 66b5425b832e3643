#include "shard_objective.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "invp/bank.h"
#include "loss_terms.h"

namespace invp::bank {
namespace {

constexpr int64_t kAnchorsPerPiece = 8;

struct Weighed {
  int32_t local;
  float weight;
};

/* One anchor of the batch as this shard sees it. */
class ShardAnchor {
 public:
  ShardAnchor(const Kernels& kernels, const ObjectiveOptions& options, const Shard& shard,
              const ShardAnchors& anchors, const ShardNearest& nearest)
      : kernels_(kernels),
        options_(options),
        shard_(shard),
        anchors_(anchors),
        nearest_(nearest),
        scale_(1.0f / options.temperature),
        exponentials_(static_cast<size_t>(nearest.stride)),
        weights_(static_cast<size_t>(nearest.stride)),
        negative_(static_cast<size_t>(nearest.stride)),
        chosen_exponentials_(static_cast<size_t>(anchors.chosen_count)) {}

  void select(int64_t b) {
    id_ = anchors_.ids[b];
    b_ = b;
    ids_ = nearest_.ids + b * nearest_.stride;
    scores_ = nearest_.scores + b * nearest_.stride;
    count_ = nearest_.counts[b];
    chosen_ = anchors_.chosen + b * anchors_.chosen_count;
    chosen_scores_ = anchors_.chosen_scores + b * anchors_.chosen_count;
    chosen_count_ =
        static_cast<int32_t>(std::find(chosen_, chosen_ + anchors_.chosen_count, -1) - chosen_);
    if (paper()) {
      mark_negatives(
          ids_, count_, [this](int32_t local) { return shard_.global(local); },
          anchors_.positives + b * anchors_.positives_width, anchors_.positives_width,
          options_.exclusive ? id_ : -1, negative_);
    } else {
      std::fill_n(negative_.begin(), count_, uint8_t{1});
    }
  }

  void maxima(float* out) const {
    out[0] = out[1] = -std::numeric_limits<float>::infinity();
    for (int32_t j = 0; j < count_; ++j) {
      out[0] = std::max(out[0], scores_[j]);
      if (negative_[static_cast<size_t>(j)]) out[1] = std::max(out[1], scores_[j]);
    }
  }

  void sums(const float* maxima, double* out) {
    exponentials(shift(maxima));
    out[0] = sum(exponentials_.data(), count_);
    out[1] = out[0];
    if (!paper()) return;
    exponentials(negative_shift(maxima));
    keep_negatives();
    out[1] = sum(exponentials_.data(), count_);
  }

  /* The losses, and the rows here that the gradient is a weighted sum of, ascending by id. */
  Losses weigh(const float* maxima, const double* sums, const ShardWeights& out) {
    const float largest = shift(maxima);
    const double own = exponential(own_score(), largest);
    const double behind =
        (static_cast<double>(largest) - static_cast<double>(own_score())) * scale_;
    const InstanceTerms instance =
        paper() ? paper_instance(own, behind, sums[0], anchors_.own_inside[b_] != 0)
                : official_instance(own, sums[0]);
    const InvarianceTerms invariance = invariance_terms(maxima, sums, own);
    few_.clear();
    if (shard_.owns(id_)) {
      few_.push_back(
          {shard_.local(id_), static_cast<float>(instance.own_weight + invariance.own_weight)});
    }
    for (int32_t j = 0; j < chosen_count_; ++j) {
      if (!shard_.owns(chosen_[j])) continue;
      const double weight = invariance.chosen_factor *
                            static_cast<double>(chosen_exponentials_[static_cast<size_t>(j)]);
      few_.push_back({shard_.local(chosen_[j]), static_cast<float>(weight)});
    }
    std::stable_sort(few_.begin(), few_.end(),
                     [](const Weighed& a, const Weighed& b) { return a.local < b.local; });
    weigh_nearest(maxima, instance.nearest_factor, invariance.negative_factor);
    merge(out);
    return {instance.loss, invariance.loss};
  }

 private:
  bool paper() const { return options_.mode == INVP_BANK_MODE_PAPER; }

  float own_score() const { return anchors_.own_scores[b_]; }

  float shift(const float* maxima) const { return std::max(maxima[0], own_score()); }

  float hard_shift() const {
    return *std::max_element(chosen_scores_, chosen_scores_ + chosen_count_);
  }

  // Without chosen ones L_inv is 0 whatever the sum of the negatives.
  float negative_shift(const float* maxima) const {
    return chosen_count_ == 0 ? shift(maxima) : std::max(maxima[1], hard_shift());
  }

  InvarianceTerms invariance_terms(const float* maxima, const double* sums, double own) {
    if (!paper()) {
      return official_invariance(own, sums[0], chosen_sum(shift(maxima)), options_.exclusive,
                                 options_.invariance_weight);
    }
    if (chosen_count_ == 0) return {0, 0, 0, 0};
    const float hard = hard_shift(), all = negative_shift(maxima);
    const double gap = (static_cast<double>(all) - static_cast<double>(hard)) * scale_;
    return paper_invariance(sums[1], chosen_sum(hard), gap, exponential(hard, all),
                            options_.invariance_weight);
  }

  void weigh_nearest(const float* maxima, double nearest_factor, double negative_factor) {
    const auto all = static_cast<float>(nearest_factor);
    const auto negative = static_cast<float>(negative_factor);
    const auto count = static_cast<size_t>(count_);
    exponentials(shift(maxima));
    for (size_t j = 0; j < count; ++j) weights_[j] = all * exponentials_[j];
    if (negative == 0) return;
    if (paper()) {
      exponentials(negative_shift(maxima));
      keep_negatives();
    }
    for (size_t j = 0; j < count; ++j) weights_[j] += negative * exponentials_[j];
  }

  void merge(const ShardWeights& out) const {
    int32_t* ids = out.ids + b_ * out.stride;
    float* weights = out.weights + b_ * out.stride;
    auto few = few_.begin();
    for (int32_t j = 0; j <= count_; ++j) {
      for (; few != few_.end() && (j == count_ || few->local <= ids_[j]); ++few) {
        *ids++ = few->local;
        *weights++ = few->weight;
      }
      if (j == count_) break;
      *ids++ = ids_[j];
      *weights++ = weights_[static_cast<size_t>(j)];
    }
    out.counts[b_] = static_cast<int32_t>(ids - (out.ids + b_ * out.stride));
  }

  void exponentials(float shift) {
    kernels_.exponentials(scores_, count_, shift, scale_, exponentials_.data());
  }

  // A score above the shift (one that is not negative) gives garbage, which is dropped here.
  void keep_negatives() {
    for (size_t j = 0; j < static_cast<size_t>(count_); ++j) {
      if (!negative_[j]) exponentials_[j] = 0;
    }
  }

  double exponential(float score, float shift) const {
    float result;
    kernels_.exponentials(&score, 1, shift, scale_, &result);
    return static_cast<double>(result);
  }

  double chosen_sum(float shift) {
    kernels_.exponentials(chosen_scores_, chosen_count_, shift, scale_,
                          chosen_exponentials_.data());
    return sum(chosen_exponentials_.data(), chosen_count_);
  }

  const Kernels& kernels_;
  const ObjectiveOptions& options_;
  const Shard& shard_;
  const ShardAnchors& anchors_;
  const ShardNearest& nearest_;
  const float scale_;
  std::vector<float> exponentials_;
  std::vector<float> weights_;
  std::vector<uint8_t> negative_;
  std::vector<float> chosen_exponentials_;
  std::vector<Weighed> few_;

  int32_t id_ = 0;
  int64_t b_ = 0;
  const int32_t* ids_ = nullptr;
  const float* scores_ = nullptr;
  int32_t count_ = 0;
  const int32_t* chosen_ = nullptr;
  const float* chosen_scores_ = nullptr;
  int32_t chosen_count_ = 0;
};

struct Listed {
  uint32_t id;
  float score;
};

// A radix sort: comparing would cost as much as the search does at N = 60,000 and M = 4096.
void sort_by_id(std::vector<Listed>& listed, std::vector<Listed>& scratch) {
  constexpr size_t kWorthwhile = 256;
  constexpr int kBits = 11;
  if (listed.size() < kWorthwhile) {
    std::sort(listed.begin(), listed.end(),
              [](const Listed& a, const Listed& b) { return a.id < b.id; });
    return;
  }
  uint32_t largest = 0;
  for (const Listed& row : listed) largest = std::max(largest, row.id);
  scratch.resize(listed.size());
  for (int shift = 0; shift < 32 && largest >> shift != 0; shift += kBits) {
    const auto digit = [shift](const Listed& row) {
      return row.id >> shift & ((uint32_t{1} << kBits) - 1);
    };
    std::array<uint32_t, size_t{1} << kBits> place{};
    for (const Listed& row : listed) ++place[digit(row)];
    uint32_t before = 0;
    for (uint32_t& count : place) before += std::exchange(count, before);
    for (const Listed& row : listed) scratch[place[digit(row)]++] = row;
    listed.swap(scratch);
  }
}

}  // namespace

void sort_by_id(ThreadPool& pool, int32_t* ids, float* scores, int32_t batch, int32_t stride,
                const int32_t* counts, int64_t end) {
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t first, int64_t last) {
    std::vector<Listed> listed, scratch;
    for (int64_t b = first; b < last; ++b) {
      int32_t* const id = ids + b * stride;
      float* const score = scores + b * stride;
      listed.resize(static_cast<size_t>(counts[b]));
      for (size_t j = 0; j < listed.size(); ++j)
        listed[j] = {static_cast<uint32_t>(id[j]), score[j]};
      for (const Listed& row : listed) {
        // A negative id is a large one here.
        if (row.id >= end) {
          throw std::invalid_argument("nearest id " + std::to_string(static_cast<int32_t>(row.id)) +
                                      " of row " + std::to_string(b) + ", allowed: 0 to " +
                                      std::to_string(end - 1));
        }
      }
      sort_by_id(listed, scratch);
      for (size_t j = 0; j < listed.size(); ++j) {
        id[j] = static_cast<int32_t>(listed[j].id);
        score[j] = listed[j].score;
      }
    }
  });
}

void shard_maxima(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                  const Shard& shard, const ShardAnchors& anchors, const ShardNearest& nearest,
                  float* maxima) {
  pool.for_each(anchors.batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    ShardAnchor anchor(kernels, options, shard, anchors, nearest);
    for (int64_t b = begin; b < end; ++b) {
      anchor.select(b);
      anchor.maxima(maxima + 2 * b);
    }
  });
}

void shard_sums(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                const Shard& shard, const ShardAnchors& anchors, const ShardNearest& nearest,
                const float* maxima, double* sums) {
  pool.for_each(anchors.batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    ShardAnchor anchor(kernels, options, shard, anchors, nearest);
    for (int64_t b = begin; b < end; ++b) {
      anchor.select(b);
      anchor.sums(maxima + 2 * b, sums + 2 * b);
    }
  });
}

void shard_weights(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                   const Shard& shard, const ShardAnchors& anchors, const ShardNearest& nearest,
                   const float* maxima, const double* sums, double* losses,
                   const ShardWeights& weights) {
  pool.for_each(anchors.batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    ShardAnchor anchor(kernels, options, shard, anchors, nearest);
    for (int64_t b = begin; b < end; ++b) {
      anchor.select(b);
      const Losses loss = anchor.weigh(maxima + 2 * b, sums + 2 * b, weights);
      losses[2 * b] = loss.instance;
      losses[2 * b + 1] = loss.invariance;
    }
  });
}

}  // namespace invp::bank
