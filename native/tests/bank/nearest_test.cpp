/* The search against brute force: every instruction set, several thread counts, banks that mislead.
 */
#include "nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include "guard.h"

namespace invp::bank {
namespace {

struct Problem {
  int32_t rows, dimension, batch, count;
  std::vector<float> bank, queries;
};

struct Result {
  std::vector<int32_t> ids;
  std::vector<float> scores;
};

float canonical_score(const float* query, const float* row, int32_t dimension) {
  float sum = 0;
  for (int32_t d = 0; d < dimension; ++d) sum = std::fmaf(query[d], row[d], sum);
  return sum + 0.0f;
}

Result brute_force(const Problem& p, Order order) {
  Result result;
  for (int32_t b = 0; b < p.batch; ++b) {
    std::vector<std::pair<float, int32_t>> all;
    for (int32_t row = 0; row < p.rows; ++row) {
      all.emplace_back(
          -canonical_score(&p.queries[static_cast<size_t>(b * p.dimension)],
                           &p.bank[static_cast<size_t>(row) * static_cast<size_t>(p.dimension)],
                           p.dimension),
          row);
    }
    std::sort(all.begin(), all.end());
    all.resize(static_cast<size_t>(p.count));
    if (order == Order::kId)
      std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.second < b.second; });
    for (const auto& [negated, id] : all) {
      result.ids.push_back(id);
      result.scores.push_back(-negated + 0.0f);
    }
  }
  return result;
}

Result search(const Problem& p, Order order, const Kernels& kernels, int threads) {
  ThreadPool pool(threads);
  NearestSearch engine(pool, kernels);
  const auto size = static_cast<size_t>(p.batch) * static_cast<size_t>(p.count);
  Result result{std::vector<int32_t>(size), std::vector<float>(size)};
  engine.run(p.bank.data(), p.rows, p.dimension, p.queries.data(), p.batch, p.count, order,
             result.ids.data(), result.scores.data());
  return result;
}

Problem random_problem(int32_t rows, int32_t dimension, int32_t batch, int32_t count,
                       uint32_t seed) {
  Problem p{rows, dimension, batch, count, {}, {}};
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  p.bank.resize(static_cast<size_t>(rows) * static_cast<size_t>(dimension));
  p.queries.resize(static_cast<size_t>(batch) * static_cast<size_t>(dimension));
  for (float& x : p.bank) x = normal(random) / std::sqrt(static_cast<float>(dimension));
  for (float& x : p.queries) x = normal(random) / std::sqrt(static_cast<float>(dimension));
  return p;
}

void expect_exact(const Problem& p, const std::string& what) {
  for (Order order : {Order::kSimilarity, Order::kId}) {
    const Result expected = brute_force(p, order);
    for (const Kernels* kernels : supported_kernels()) {
      for (int threads : {1, 2, 7}) {
        SCOPED_TRACE(what + " on " + kernels->name + " with " + std::to_string(threads) +
                     " threads");
        const Result found = search(p, order, *kernels, threads);
        ASSERT_EQ(found.ids, expected.ids);
        ASSERT_EQ(found.scores, expected.scores);
      }
    }
  }
}

TEST(Nearest, equals_brute_force_on_random_shapes) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const auto draw = [&](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 12; ++trial) {
    const int32_t rows = draw(1, 3000);
    const Problem p =
        random_problem(rows, draw(1, 140), draw(1, 70), draw(1, std::min(rows, 300)), random());
    expect_exact(p, "seed " + std::to_string(seed) + " trial " + std::to_string(trial) + ": rows " +
                        std::to_string(p.rows) + " dimension " + std::to_string(p.dimension) +
                        " batch " + std::to_string(p.batch) + " count " + std::to_string(p.count));
  }
}

TEST(Nearest, returns_every_row_when_asked_for_all) {
  expect_exact(random_problem(500, 16, 5, 500, 1), "all rows");
}

TEST(Nearest, is_exact_when_the_bank_is_large_enough_to_be_sampled) {
  expect_exact(random_problem(20000, 24, 9, 400, 2), "sampled");
}

TEST(Nearest, breaks_ties_by_id_when_all_rows_are_equal) {
  Problem p = random_problem(9000, 8, 4, 700, 3);
  std::fill(p.bank.begin(), p.bank.end(), 0.25f);
  expect_exact(p, "all equal");
}

TEST(Nearest, breaks_ties_by_id_when_there_are_two_values) {
  Problem p = random_problem(9000, 8, 4, 700, 4);
  for (size_t i = 0; i < p.bank.size(); ++i) p.bank[i] = i / 8 % 3 == 0 ? 0.5f : 0.25f;
  expect_exact(p, "two values");
}

TEST(Nearest, is_exact_when_the_bank_is_sorted_by_similarity) {
  for (bool ascending : {false, true}) {
    Problem p = random_problem(12000, 4, 1, 500, 5);
    std::vector<std::pair<float, int32_t>> order;
    for (int32_t row = 0; row < p.rows; ++row)
      order.emplace_back(
          canonical_score(p.queries.data(), &p.bank[static_cast<size_t>(row) * 4], 4), row);
    std::sort(order.begin(), order.end());
    if (!ascending) std::reverse(order.begin(), order.end());
    std::vector<float> sorted;
    for (const auto& [score, row] : order)
      sorted.insert(sorted.end(), &p.bank[static_cast<size_t>(row) * 4],
                    &p.bank[static_cast<size_t>(row) * 4] + 4);
    p.bank = sorted;
    expect_exact(p, ascending ? "ascending" : "descending");
  }
}

TEST(Nearest, is_exact_when_the_sampled_rows_mislead) {
  // Every stride-th row is similar, all others are not: the sampled threshold is far too high.
  Problem p = random_problem(40960, 4, 3, 600, 6);
  for (int32_t row = 0; row < p.rows; ++row) {
    const float level = row % 10 == 0 || row % 40 == 0 ? 5.0f : 1.0f;
    for (size_t d = 0; d < 4; ++d)
      p.bank[static_cast<size_t>(row) * 4 + d] =
          level * std::abs(p.bank[static_cast<size_t>(row) * 4 + d]);
  }
  for (float& x : p.queries) x = std::abs(x);
  expect_exact(p, "misleading sample");
}

TEST(Nearest, handles_duplicates_denormals_and_zero_rows) {
  Problem p = random_problem(5000, 12, 6, 900, 7);
  for (size_t row = 0; row < 5000; ++row) {
    float* values = &p.bank[row * 12];
    if (row % 3 == 0) std::copy_n(&p.bank[0], 12, values);
    if (row % 5 == 1) std::fill_n(values, 12, 0.0f);
    if (row % 7 == 2)
      for (size_t d = 0; d < 12; ++d) values[d] *= 1e-38f;
  }
  expect_exact(p, "duplicates, denormals, zeros");
}

TEST(Nearest, is_exact_in_one_huge_cluster) {
  // All but every fiftieth row within a hair of one direction, and the queries there too.
  Problem p = random_problem(10000, 16, 5, 800, 14);
  const std::vector<float> centre(&p.bank[0], &p.bank[16]);
  for (size_t row = 0; row < 10000; ++row) {
    if (row % 50 == 7) continue;
    for (size_t d = 0; d < 16; ++d) p.bank[row * 16 + d] = centre[d] + 1e-5f * p.bank[row * 16 + d];
  }
  for (size_t i = 0; i < p.queries.size(); ++i)
    p.queries[i] = centre[i % 16] + 1e-3f * p.queries[i];
  expect_exact(p, "one huge cluster");
}

TEST(Nearest, is_exact_in_one_dimension) {
  expect_exact(random_problem(9000, 1, 6, 300, 15), "dimension 1");
}

TEST(Nearest, is_exact_with_fewer_rows_than_a_register_tile) {
  for (int32_t rows = 1; rows <= 13; ++rows)
    expect_exact(random_problem(rows, 5, 3, (rows + 1) / 2, static_cast<uint32_t>(rows)),
                 std::to_string(rows) + " rows");
}

TEST(Nearest, is_exact_with_many_threads_even_where_some_find_no_work) {
  for (int32_t rows : {100, 3000, 20000}) {
    const Problem p = random_problem(rows, 12, 7, std::min(rows, 250), 16);
    for (Order order : {Order::kSimilarity, Order::kId}) {
      const Result expected = brute_force(p, order);
      for (int threads : {16, 37}) {
        SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(threads) + " threads");
        const Result found = search(p, order, best_kernels(), threads);
        ASSERT_EQ(found.ids, expected.ids);
        ASSERT_EQ(found.scores, expected.scores);
      }
    }
  }
}

TEST(Nearest, says_so_when_nan_rows_leave_too_few) {
  Problem p = random_problem(100, 8, 2, 90, 8);
  std::fill_n(p.bank.begin(), 20 * 8, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THROW(search(p, Order::kId, best_kernels(), 2), InvalidData);
}

TEST(Nearest, can_be_asked_again_with_other_shapes) {
  ThreadPool pool(2);
  NearestSearch engine(pool, best_kernels());
  for (uint32_t seed : {10u, 11u, 12u, 13u}) {
    const Problem p =
        random_problem(static_cast<int32_t>(700 * seed - 6000), static_cast<int32_t>(seed),
                       static_cast<int32_t>(90 - 5 * seed), 100, seed);
    const Result expected = brute_force(p, Order::kSimilarity);
    Result found{std::vector<int32_t>(expected.ids.size()),
                 std::vector<float>(expected.ids.size())};
    engine.run(p.bank.data(), p.rows, p.dimension, p.queries.data(), p.batch, p.count,
               Order::kSimilarity, found.ids.data(), found.scores.data());
    ASSERT_EQ(found.ids, expected.ids);
    ASSERT_EQ(found.scores, expected.scores);
  }
}

TEST(RankKey, orders_by_score_then_by_smaller_id_and_survives_the_round_trip) {
  EXPECT_GT(rank_key(1.0f, 5), rank_key(0.5f, 1));
  EXPECT_GT(rank_key(-0.5f, 5), rank_key(-1.0f, 1));
  EXPECT_GT(rank_key(1.0f, 4), rank_key(1.0f, 5));
  EXPECT_EQ(rank_key(-0.0f, 3), rank_key(0.0f, 3));
  for (float score : {-3.5f, -1e-40f, 0.0f, 1e-40f, 2.25f}) {
    EXPECT_EQ(rank_score(rank_key(score, 123456789)), score);
    EXPECT_EQ(rank_id(rank_key(score, 123456789)), 123456789);
  }
}

}  // namespace
}  // namespace invp::bank
