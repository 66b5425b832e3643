/* The stages after the search: equal bits on every instruction set and thread count, and their edge
 * cases. */
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "guard.h"
#include "invp/bank.h"
#include "nearest.h"
#include "objective.h"
#include "rows.h"
#include "select.h"
#include "walk.h"

namespace invp::bank {
namespace {

constexpr int32_t kRows = 600, kDimension = 37, kBatch = 19, kCount = 101, kNeighbours = 4,
                  kSteps = 3, kChosen = 20;

struct StepOutput {
  std::vector<float> gradient, bank;
  std::vector<int32_t> graph;
  double instance, invariance;
};

StepOutput whole_step(const Kernels& kernels, int threads, int32_t mode) {
  ThreadPool pool(threads);
  std::mt19937 random(42);
  // Exact in float32, so that the inputs are the same bits on every architecture.
  const auto uniform = [&] {
    return static_cast<float>(static_cast<int32_t>(random() % 2001) - 1000) / 1024;
  };
  StepOutput out;
  out.bank.resize(size_t{kRows} * kDimension);
  fill_random(pool, out.bank.data(), kRows, kDimension, 7);
  out.graph.resize(size_t{kRows} * kNeighbours);
  for (int32_t& id : out.graph) id = static_cast<int32_t>(random() % kRows);
  std::vector<int32_t> anchors;
  for (int32_t b = 0; b < kBatch; ++b) anchors.push_back(static_cast<int32_t>(random() % kRows));
  anchors[5] = anchors[3];
  std::vector<float> unit(size_t{kBatch} * kDimension), norms(kBatch);
  for (float& x : unit) x = uniform();
  normalise(pool, unit.data(), kBatch, kDimension, unit.data(), norms.data());

  std::vector<int32_t> nearest(size_t{kBatch} * kCount);
  std::vector<float> nearest_scores(nearest.size());
  NearestSearch(pool, kernels)
      .run(out.bank.data(), kRows, kDimension, unit.data(), kBatch, kCount, Order::kId,
           nearest.data(), nearest_scores.data());
  const int32_t width = walk_width(kNeighbours, kSteps);
  std::vector<int32_t> positives(static_cast<size_t>(kBatch * width));
  const Walk walk{out.graph.data(), kRows, kNeighbours, kSteps};
  (mode == INVP_BANK_MODE_PAPER ? walk_breadth_first : walk_concatenated)(
      pool, walk, anchors.data(), kBatch, positives.data());
  std::vector<float> scores(positives.size()), own(kBatch);
  for (int32_t b = 0; b < kBatch; ++b) {
    kernels.score_rows(out.bank.data(), kDimension, &unit[static_cast<size_t>(b * kDimension)],
                       &positives[static_cast<size_t>(b * width)], width,
                       &scores[static_cast<size_t>(b * width)]);
    kernels.score_rows(out.bank.data(), kDimension, &unit[static_cast<size_t>(b * kDimension)],
                       &anchors[static_cast<size_t>(b)], 1, &own[static_cast<size_t>(b)]);
  }
  std::vector<int32_t> chosen(size_t{kBatch} * kChosen);
  std::vector<float> chosen_scores(chosen.size());
  select_positives(pool,
                   {anchors.data(), positives.data(), scores.data(), width, kChosen,
                    INVP_BANK_SELECTION_HARD, 0},
                   kBatch, chosen.data(), chosen_scores.data());
  out.gradient.resize(unit.size());
  const ObjectiveInputs inputs{out.bank.data(),
                               kRows,
                               kDimension,
                               anchors.data(),
                               kBatch,
                               unit.data(),
                               norms.data(),
                               own.data(),
                               nearest.data(),
                               nearest_scores.data(),
                               kCount,
                               positives.data(),
                               width,
                               chosen.data(),
                               chosen_scores.data(),
                               kChosen};
  ObjectiveScratch scratch;
  const Losses losses =
      objective(pool, kernels, {mode, true, 0.2f, 0.6f}, inputs, scratch, out.gradient.data());
  out.instance = losses.instance;
  out.invariance = losses.invariance;
  update_graph(
      pool,
      {nearest.data(), nearest_scores.data(), kCount, kNeighbours, mode == INVP_BANK_MODE_OFFICIAL},
      anchors.data(), kBatch, out.graph.data());
  update_bank(pool, out.bank.data(), kDimension, anchors.data(), kBatch, unit.data(), 0.5f);
  return out;
}

TEST(Stages, give_the_same_bits_on_every_instruction_set_and_thread_count) {
  for (int32_t mode : {INVP_BANK_MODE_PAPER, INVP_BANK_MODE_OFFICIAL}) {
    const StepOutput reference = whole_step(best_kernels(), 1, mode);
    for (const Kernels* kernels : supported_kernels()) {
      for (int threads : {1, 2, 7}) {
        SCOPED_TRACE(std::string(kernels->name) + " with " + std::to_string(threads) +
                     " threads, mode " + std::to_string(mode));
        const StepOutput out = whole_step(*kernels, threads, mode);
        EXPECT_EQ(out.gradient, reference.gradient);
        EXPECT_EQ(out.bank, reference.bank);
        EXPECT_EQ(out.graph, reference.graph);
        EXPECT_EQ(out.instance, reference.instance);
        EXPECT_EQ(out.invariance, reference.invariance);
      }
    }
  }
}

// FNV-1a over the bytes of an array.
template <typename T>
uint64_t checksum(const std::vector<T>& values) {
  uint64_t hash = 0xCBF29CE484222325u;
  const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
  for (size_t i = 0; i < values.size() * sizeof(T); ++i) hash = (hash ^ bytes[i]) * 0x100000001B3u;
  return hash;
}

TEST(Stages, give_the_recorded_bits_so_that_all_architectures_agree) {
  const StepOutput out = whole_step(best_kernels(), 2, INVP_BANK_MODE_PAPER);
  EXPECT_EQ(checksum(out.gradient), 0xD486063217449FAu);
  EXPECT_EQ(checksum(out.bank), 0x91BD6C955915CDD6u);
  EXPECT_EQ(checksum(out.graph), 0xE38A18836FA08680u);
}

TEST(Exponentials, are_within_two_units_in_the_last_place_and_vanish_far_below) {
  for (const Kernels* kernels : supported_kernels()) {
    for (float x = 0; x > -87; x -= 0.0137f) {
      float result;
      kernels->exponentials(&x, 1, 0, 1, &result);
      const double expected = std::exp(static_cast<double>(x));
      ASSERT_NEAR(result, expected, 2.4e-7 * expected) << x << " on " << kernels->name;
    }
    const float far = -200;
    float result;
    kernels->exponentials(&far, 1, 0, 1, &result);
    EXPECT_EQ(result, 0);
  }
}

TEST(Walk, breadth_first_finds_what_a_set_finds) {
  ThreadPool pool(2);
  std::mt19937 random(std::random_device{}());
  for (int trial = 0; trial < 50; ++trial) {
    const int32_t rows = 1 + static_cast<int32_t>(random() % 60),
                  neighbours = 1 + static_cast<int32_t>(random() % 5),
                  steps = 1 + static_cast<int32_t>(random() % 4);
    std::vector<int32_t> graph(static_cast<size_t>(rows * neighbours));
    for (int32_t& id : graph) id = static_cast<int32_t>(random()) & 0x7FFFFFFF, id %= rows;
    const int32_t anchor = static_cast<int32_t>(random() % static_cast<uint32_t>(rows)),
                  width = walk_width(neighbours, steps);
    std::vector<int32_t> positives(static_cast<size_t>(width));
    walk_breadth_first(pool, {graph.data(), rows, neighbours, steps}, &anchor, 1, positives.data());
    std::set<int32_t> reached{anchor};
    for (int32_t step = 0; step < steps; ++step) {
      const std::set<int32_t> from = reached;
      for (int32_t id : from)
        reached.insert(graph.begin() + id * neighbours, graph.begin() + (id + 1) * neighbours);
    }
    reached.erase(anchor);
    std::vector<int32_t> expected(reached.begin(), reached.end());
    expected.resize(static_cast<size_t>(width), -1);
    ASSERT_EQ(positives, expected) << "rows " << rows << " neighbours " << neighbours << " steps "
                                   << steps << " anchor " << anchor;
  }
}

TEST(Walk, refuses_a_graph_that_names_no_image) {
  ThreadPool pool(1);
  const std::vector<int32_t> graph{0, 9};
  const int32_t anchor = 1;
  std::vector<int32_t> positives(1);
  EXPECT_THROW(walk_breadth_first(pool, {graph.data(), 2, 1, 1}, &anchor, 1, positives.data()),
               InvalidData);
  EXPECT_THROW(walk_width(100, 5), std::invalid_argument);
}

TEST(Select, takes_the_least_similar_and_breaks_ties_by_id) {
  ThreadPool pool(1);
  const int32_t anchor = 0;
  const std::vector<int32_t> ids{7, 3, 9, 5, -1};
  const std::vector<float> scores{0.5f, 0.1f, 0.1f, -0.2f, 0};
  std::vector<int32_t> chosen(3);
  std::vector<float> chosen_scores(3);
  select_positives(pool, {&anchor, ids.data(), scores.data(), 5, 3, INVP_BANK_SELECTION_HARD, 0}, 1,
                   chosen.data(), chosen_scores.data());
  EXPECT_EQ(chosen, (std::vector<int32_t>{5, 3, 9}));
  EXPECT_EQ(chosen_scores, (std::vector<float>{-0.2f, 0.1f, 0.1f}));
  select_positives(pool, {&anchor, ids.data(), scores.data(), 5, 3, INVP_BANK_SELECTION_EASY, 0}, 1,
                   chosen.data(), chosen_scores.data());
  EXPECT_EQ(chosen, (std::vector<int32_t>{7, 3, 9}));
}

TEST(Select, draws_by_draw_anchor_and_place_alone) {
  ThreadPool pool(2);
  constexpr int32_t kWidth = 40, kCount = 10;
  const std::vector<int32_t> anchors{5, 9, 5};
  std::vector<int32_t> ids;
  std::vector<float> scores;
  for (int32_t i = 0; i < 3 * kWidth; ++i) {
    ids.push_back(i % kWidth < 35 ? 1000 + i % kWidth : -1);
    scores.push_back(static_cast<float>(i % kWidth));
  }
  const auto drawn = [&](uint64_t draw) {
    std::vector<int32_t> chosen(anchors.size() * kCount);
    std::vector<float> chosen_scores(chosen.size());
    select_positives(pool,
                     {anchors.data(), ids.data(), scores.data(), kWidth, kCount,
                      INVP_BANK_SELECTION_RANDOM, draw},
                     3, chosen.data(), chosen_scores.data());
    for (size_t j = 0; j < chosen.size(); ++j)
      EXPECT_EQ(chosen_scores[j], static_cast<float>(chosen[j] - 1000));
    return chosen;
  };
  const auto row = [](const std::vector<int32_t>& chosen, int b) {
    return std::vector<int32_t>(chosen.begin() + b * kCount, chosen.begin() + (b + 1) * kCount);
  };
  const auto first = drawn(1);
  for (int32_t b = 0; b < 3; ++b) {
    std::vector<int32_t> sorted = row(first, b);
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::unique(sorted.begin(), sorted.end()), sorted.end());
    EXPECT_GE(sorted.front(), 1000);
  }
  EXPECT_EQ(row(first, 0), row(first, 2));
  EXPECT_NE(row(first, 0), row(first, 1));
  EXPECT_EQ(first, drawn(1));
  EXPECT_NE(row(first, 0), row(drawn(2), 0));
}

TEST(Select, draws_each_of_the_discovered_equally_often) {
  ThreadPool pool(1);
  constexpr int32_t kWidth = 8, kCount = 2, kDraws = 8000;
  const std::vector<int32_t> ids{0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<float> scores(kWidth, 0.5f);
  std::vector<int> times(kWidth);
  for (int32_t draw = 0; draw < kDraws; ++draw) {
    const int32_t anchor = draw % 7;
    std::vector<int32_t> chosen(kCount);
    std::vector<float> chosen_scores(kCount);
    select_positives(pool,
                     {&anchor, ids.data(), scores.data(), kWidth, kCount,
                      INVP_BANK_SELECTION_RANDOM, static_cast<uint64_t>(draw)},
                     1, chosen.data(), chosen_scores.data());
    for (const int32_t id : chosen) ++times[static_cast<size_t>(id)];
  }
  // Five standard deviations of a binomial count.
  for (const int count : times) EXPECT_NEAR(count, kDraws / 4, 5 * 39);
}

TEST(Select, pads_when_fewer_were_found) {
  ThreadPool pool(1);
  const int32_t anchor = 0;
  const std::vector<int32_t> ids{4, -1};
  const std::vector<float> scores{0.5f, 0};
  std::vector<int32_t> chosen(3);
  std::vector<float> chosen_scores(3);
  select_positives(pool, {&anchor, ids.data(), scores.data(), 2, 3, INVP_BANK_SELECTION_HARD, 0}, 1,
                   chosen.data(), chosen_scores.data());
  EXPECT_EQ(chosen, (std::vector<int32_t>{4, -1, -1}));
}

TEST(Update, blends_normalises_and_lets_the_last_of_a_repeated_anchor_count) {
  ThreadPool pool(2);
  std::vector<float> bank{1, 0, 0, 1};
  const std::vector<int32_t> anchors{0, 1, 0};
  const std::vector<float> unit{0, -1, 1, 0, 0, 1};
  update_bank(pool, bank.data(), 2, anchors.data(), 3, unit.data(), 0.5f);
  const float half = std::sqrt(0.5f);
  EXPECT_FLOAT_EQ(bank[0], half);
  EXPECT_FLOAT_EQ(bank[1], half);
  EXPECT_FLOAT_EQ(bank[2], half);
  EXPECT_FLOAT_EQ(bank[3], half);
}

TEST(Update, keeps_the_fresh_embedding_when_the_blend_cancels) {
  ThreadPool pool(1);
  std::vector<float> bank{1, 0};
  const int32_t anchor = 0;
  const std::vector<float> unit{-1, 0};
  update_bank(pool, bank.data(), 2, &anchor, 1, unit.data(), 0.5f);
  EXPECT_EQ(bank, unit);
}

TEST(Normalise, refuses_zero_norm_and_nan_and_names_the_row) {
  ThreadPool pool(1);
  std::vector<float> rows{1, 0, 0, 0}, norms(2);
  try {
    normalise(pool, rows.data(), 2, 2, rows.data(), norms.data());
    FAIL() << "a row of norm 0 was accepted";
  } catch (const InvalidData& e) {
    EXPECT_STREQ(e.what(), "embedding 1 has norm 0");
  }
  rows = {1, 0, NAN, 0};
  EXPECT_THROW(normalise(pool, rows.data(), 2, 2, rows.data(), norms.data()), InvalidData);
}

TEST(ThreadPool, carries_an_exception_to_the_caller_and_goes_on) {
  ThreadPool pool(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THROW(pool.for_each(64, 1,
                               [](int, int64_t begin, int64_t) {
                                 if (begin == 33) throw InvalidData("piece 33");
                               }),
                 InvalidData);
    std::atomic<int64_t> sum{0};
    pool.for_each(100, 7, [&](int, int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) sum += j;
    });
    ASSERT_EQ(sum, 4950);
  }
}

}  // namespace
}  // namespace invp::bank
