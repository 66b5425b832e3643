/* A bank in shards: what the shards' stages give together is what the objective gives on the whole.
 */
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "invp/bank.h"
#include "nearest.h"
#include "rows.h"
#include "shard_objective.h"
#include "weighted_rows.h"

namespace invp::bank {
namespace {

constexpr int32_t kRows = 1501, kDimension = 21, kBatch = 11, kCount = 700, kPositives = 40,
                  kChosen = 7;

/* A step on the whole bank; positives and chosen are any ids, as the objective does not ask. */
struct Step {
  std::vector<float> bank, unit, norms, own, nearest_scores, chosen_scores;
  std::vector<int32_t> anchors, nearest, positives, chosen;
  ObjectiveOptions options;

  explicit Step(const ObjectiveOptions& chosen_options) : options(chosen_options) {
    ThreadPool pool(1);
    std::mt19937 random(3);
    bank.resize(size_t{kRows} * kDimension);
    fill_random(pool, bank.data(), kRows, kDimension, 5);
    unit.resize(size_t{kBatch} * kDimension);
    norms.resize(kBatch);
    for (float& x : unit) x = static_cast<float>(random() % 2001) / 1000 - 1;
    normalise(pool, unit.data(), kBatch, kDimension, unit.data(), norms.data());
    nearest.resize(size_t{kBatch} * kCount);
    nearest_scores.resize(nearest.size());
    NearestSearch(pool, best_kernels())
        .run(bank.data(), kRows, kDimension, unit.data(), kBatch, kCount, Order::kId,
             nearest.data(), nearest_scores.data());
    own.resize(kBatch);
    std::vector<int32_t> all(kRows);
    std::iota(all.begin(), all.end(), 0);
    for (int32_t b = 0; b < kBatch; ++b) {
      anchors.push_back(static_cast<int32_t>(random() % kRows));
      std::vector<int32_t> some;
      std::sample(all.begin(), all.end(), std::back_inserter(some), kPositives - 3, random);
      some.resize(kPositives, -1);
      positives.insert(positives.end(), some.begin(), some.end());
      // The first anchor has no positives chosen, the others leave one place empty.
      for (int32_t j = 0; j < kChosen; ++j)
        chosen.push_back(b == 0 || j == kChosen - 1 ? -1 : some[static_cast<size_t>(3 * j)]);
    }
    chosen_scores.resize(chosen.size());
    for (int32_t b = 0; b < kBatch; ++b) {
      const float* query = &unit[static_cast<size_t>(b * kDimension)];
      best_kernels().score_rows(bank.data(), kDimension, query, &anchors[static_cast<size_t>(b)], 1,
                                &own[static_cast<size_t>(b)]);
      best_kernels().score_rows(bank.data(), kDimension, query,
                                &chosen[static_cast<size_t>(b * kChosen)], kChosen,
                                &chosen_scores[static_cast<size_t>(b * kChosen)]);
    }
  }

  const int32_t* nearest_of(int32_t b) const { return nearest.data() + size_t{kCount} * b; }
};

/* One shard: its rows, and its part of N_M in no order. */
struct Part {
  Shard shard;
  std::vector<float> bank, scores, maxima = std::vector<float>(2 * kBatch);
  std::vector<int32_t> ids, counts;

  Part(const Step& step, int32_t rank, int32_t ranks)
      : shard{rank, ranks}, scores(size_t{kBatch} * kCount), ids(scores.size()), counts(kBatch) {
    for (int32_t id = rank; id < kRows; id += ranks) {
      const auto row = step.bank.begin() + std::ptrdiff_t{id} * kDimension;
      bank.insert(bank.end(), row, row + kDimension);
    }
    for (size_t b = 0; b < kBatch; ++b) {
      for (size_t j = kCount; j-- > 0;) {
        const int32_t id = step.nearest[b * kCount + j];
        if (!shard.owns(id)) continue;
        const size_t at = b * kCount + static_cast<size_t>(counts[b]++);
        ids[at] = shard.local(id);
        scores[at] = step.nearest_scores[b * kCount + j];
      }
    }
  }

  int64_t rows() const { return std::ssize(bank) / kDimension; }
  ShardNearest nearest() const { return {ids.data(), scores.data(), kCount, counts.data()}; }
};

class Shards : public testing::TestWithParam<std::tuple<int32_t, int32_t, bool>> {};

TEST_P(Shards, together_give_the_losses_and_the_gradient_of_the_whole) {
  const auto [ranks, mode, exclusive] = GetParam();
  const Step step({mode, exclusive, 0.2f, 0.6f});
  ThreadPool pool(2);
  AlignedArray<float> scratch;
  std::vector<float> expected(step.unit.size());
  const Losses whole = objective(
      pool, best_kernels(), step.options,
      {step.bank.data(), kRows, kDimension, step.anchors.data(), kBatch, step.unit.data(),
       step.norms.data(), step.own.data(), step.nearest.data(), step.nearest_scores.data(), kCount,
       step.positives.data(), kPositives, step.chosen.data(), step.chosen_scores.data(), kChosen},
      scratch, expected.data());

  std::vector<int32_t> inside;
  for (int32_t b = 0; b < kBatch; ++b) {
    inside.push_back(std::binary_search(step.nearest_of(b), step.nearest_of(b) + kCount,
                                        step.anchors[static_cast<size_t>(b)]));
  }
  const ShardAnchors anchors{step.anchors.data(),
                             kBatch,
                             step.own.data(),
                             inside.data(),
                             step.positives.data(),
                             kPositives,
                             step.chosen.data(),
                             step.chosen_scores.data(),
                             kChosen};
  std::vector<Part> parts;
  for (int32_t rank = 0; rank < ranks; ++rank) parts.emplace_back(step, rank, ranks);
  std::vector<float> maxima(2 * kBatch, -1e30f);
  for (Part& part : parts) {
    sort_by_id(pool, part.ids.data(), part.scores.data(), kBatch, kCount, part.counts.data(),
               part.rows());
    for (size_t b = 0; b < kBatch; ++b) {
      const auto first = part.ids.begin() + static_cast<std::ptrdiff_t>(b * kCount);
      ASSERT_TRUE(std::is_sorted(first, first + part.counts[b]));
    }
    shard_maxima(pool, best_kernels(), step.options, part.shard, anchors, part.nearest(),
                 part.maxima.data());
    for (size_t i = 0; i < maxima.size(); ++i) maxima[i] = std::max(maxima[i], part.maxima[i]);
  }
  std::vector<double> sums(2 * kBatch), some(sums.size());
  for (const Part& part : parts) {
    shard_sums(pool, best_kernels(), step.options, part.shard, anchors, part.nearest(),
               maxima.data(), some.data());
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += some[i];
  }
  std::vector<float> gradient(expected.size()), rows(expected.size());
  std::vector<double> losses(2 * kBatch);
  constexpr int32_t kListed = kCount + 1 + kChosen;
  std::vector<int32_t> ids(size_t{kBatch} * kListed), counts(kBatch);
  std::vector<float> weights(ids.size());
  for (const Part& part : parts) {
    shard_weights(pool, best_kernels(), step.options, part.shard, anchors, part.nearest(),
                  maxima.data(), sums.data(), losses.data(),
                  {ids.data(), weights.data(), kListed, counts.data()});
    for (size_t b = 0; b < kBatch; ++b) {
      const auto first = ids.begin() + static_cast<std::ptrdiff_t>(b * kListed);
      ASSERT_TRUE(std::is_sorted(first, first + counts[b]));
    }
    sum_weighted_rows(pool, best_kernels(),
                      {part.bank.data(), part.rows(), kDimension, ids.data(), weights.data(),
                       kListed, counts.data()},
                      kBatch, rows.data());
    for (size_t i = 0; i < rows.size(); ++i) gradient[i] += rows[i];
  }
  Losses mean{0, 0};
  for (size_t b = 0; b < kBatch; ++b) {
    mean.instance += losses[2 * b] / kBatch;
    mean.invariance += losses[2 * b + 1] / kBatch;
    project(&gradient[b * kDimension], &step.unit[b * kDimension], step.norms[b], kDimension,
            step.options.temperature, kBatch);
  }
  EXPECT_NEAR(whole.instance, mean.instance, 1e-6 * std::abs(whole.instance));
  EXPECT_NEAR(whole.invariance, mean.invariance, 1e-6 * std::abs(whole.invariance));
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(expected[i], gradient[i], 1e-6) << i;
}

INSTANTIATE_TEST_SUITE_P(Ranks, Shards,
                         testing::Combine(testing::Values(1, 2, 3, 7),
                                          testing::Values(INVP_BANK_MODE_PAPER,
                                                          INVP_BANK_MODE_OFFICIAL),
                                          testing::Bool()));

TEST(RandomPart, is_the_whole_banks_rows) {
  ThreadPool pool(2);
  std::vector<float> whole(size_t{100} * 7), part(size_t{33} * 7);
  fill_random(pool, whole.data(), 100, 7, 11);
  fill_random(pool, part.data(), 33, 7, 11, 2, 3);
  for (size_t row = 0; row < 33; ++row) {
    for (size_t d = 0; d < 7; ++d) EXPECT_EQ(whole[(2 + 3 * row) * 7 + d], part[row * 7 + d]);
  }
}

}  // namespace
}  // namespace invp::bank
