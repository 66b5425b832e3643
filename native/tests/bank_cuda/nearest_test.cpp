/* The search on the emulated device against the CPU engine: the same ids and the same scores, bit
 * for bit, for banks that mislead, on every way to the candidates, whatever the schedule. */
#include "nearest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "search.h"
#include "seeds.h"

namespace invp::cuda_test {
namespace {

Problem random_problem(int64_t rows, int32_t dimension, int32_t batch, int32_t count,
                       uint32_t seed) {
  Problem p{rows, dimension, batch, count, {}, {}};
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  p.bank.resize(static_cast<size_t>(rows * dimension));
  p.queries.resize(static_cast<size_t>(batch) * static_cast<size_t>(dimension));
  for (float& x : p.bank) x = normal(random) / std::sqrt(static_cast<float>(dimension));
  for (float& x : p.queries) x = normal(random) / std::sqrt(static_cast<float>(dimension));
  return p;
}

Result on_cpu(const Problem& p, int32_t order) {
  bank::ThreadPool pool(1);
  bank::NearestSearch engine(pool, bank::best_kernels());
  const size_t size = static_cast<size_t>(p.batch) * static_cast<size_t>(p.count);
  Result result{std::vector<int32_t>(size), std::vector<float>(size)};
  engine.run(p.bank.data(), p.rows, p.dimension, p.queries.data(), p.batch, p.count,
             order == INVP_CUDA_ORDER_ID ? bank::Order::kId : bank::Order::kSimilarity,
             result.ids.data(), result.scores.data());
  return result;
}

std::string name(Way way) {
  return way == Way::kOwn ? "own kernel" : way == Way::kBlas ? "cuBLAS" : "cuBLAS in fp16";
}

void expect_equal(const Problem& p, SearchOptions options, const Result& expected,
                  int32_t most_missed) {
  SCOPED_TRACE(name(options.way) + " order " + std::to_string(options.order));
  const SearchOutcome found = search(p, options);
  ASSERT_EQ(found.verdict, 0);
  EXPECT_LE(found.missed, most_missed);
  ASSERT_EQ(found.result.ids, expected.ids);
  ASSERT_EQ(found.result.scores, expected.scores);
}

/* All ways and both orders; `most_missed`: how many queries may need repair. */
void expect_exact(const Problem& p, const std::string& what, int32_t most_missed,
                  SearchOptions options = {}) {
  SCOPED_TRACE(what + ": rows " + std::to_string(p.rows) + " dimension " +
               std::to_string(p.dimension) + " batch " + std::to_string(p.batch) + " count " +
               std::to_string(p.count));
  for (int32_t order : {INVP_CUDA_ORDER_ID, INVP_CUDA_ORDER_SIMILARITY}) {
    const Result expected = on_cpu(p, order);
    options.order = order;
    for (Way way : {Way::kOwn, Way::kBlas, Way::kBlasHalf}) {
      options.way = way;
      expect_equal(p, options, expected, most_missed);
    }
  }
}

TEST(CudaNearest, equals_the_cpu_engine_on_random_shapes) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const auto draw = [&](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 6; ++trial) {
    const int32_t rows = draw(1, 1500);
    invp_simt_seed(static_cast<uint64_t>(trial));
    expect_exact(
        random_problem(rows, draw(1, 140), draw(1, 20), draw(1, std::min(rows, 300)), random()),
        "seed " + std::to_string(seed) + " trial " + std::to_string(trial), 20);
  }
  invp_simt_seed(0);
}

TEST(CudaNearest, samples_a_bank_that_is_large_enough_and_seldom_repairs) {
  expect_exact(random_problem(9000, 24, 5, 300, 2), "sampled", 0);
}

TEST(CudaNearest, takes_more_queries_than_a_tile) {
  expect_exact(random_problem(300, 8, 131, 17, 3), "131 queries", 0);
}

TEST(CudaNearest, takes_the_rows_in_chunks_of_any_size) {
  for (int64_t chunk : {127, 128, 333})
    expect_exact(random_problem(700, 16, 3, 90, 4), "chunks of " + std::to_string(chunk), 0,
                 {.chunk = chunk});
}

TEST(CudaNearest, finds_one_row_of_one) {
  expect_exact(random_problem(1, 3, 1, 1, 5), "one row", 0);
}

TEST(CudaNearest, returns_every_row_when_asked_for_all) {
  expect_exact(random_problem(500, 16, 4, 500, 6), "all rows", 0);
}

TEST(CudaNearest, finds_the_single_best_row) {
  expect_exact(random_problem(5000, 32, 6, 1, 7), "M = 1", 0);
}

TEST(CudaNearest, finds_more_than_four_thousand_rows) {
  expect_exact(random_problem(9001, 12, 2, 4500, 8), "M = 4500", 0);
}

TEST(CudaNearest, breaks_ties_by_id_when_all_rows_are_equal) {
  Problem p = random_problem(9000, 8, 3, 700, 9);
  std::fill(p.bank.begin(), p.bank.end(), 0.25f);
  expect_exact(p, "all equal", 3);
}

TEST(CudaNearest, breaks_ties_by_id_when_there_are_two_values) {
  Problem p = random_problem(4000, 8, 3, 500, 10);
  for (size_t i = 0; i < p.bank.size(); ++i) p.bank[i] = i / 8 % 3 == 0 ? 0.5f : 0.25f;
  expect_exact(p, "two values", 3);
}

TEST(CudaNearest, is_exact_when_the_bank_is_sorted_by_similarity) {
  for (bool ascending : {false, true}) {
    Problem p = random_problem(6000, 4, 1, 200, 11);
    std::vector<std::pair<float, size_t>> order;
    for (size_t row = 0; row < 6000; ++row) {
      float score = 0;
      for (size_t d = 0; d < 4; ++d) score += p.queries[d] * p.bank[row * 4 + d];
      order.emplace_back(score, row);
    }
    std::sort(order.begin(), order.end());
    if (!ascending) std::reverse(order.begin(), order.end());
    std::vector<float> sorted;
    for (const auto& [score, row] : order)
      sorted.insert(sorted.end(), &p.bank[row * 4], &p.bank[row * 4] + 4);
    p.bank = sorted;
    expect_exact(p, ascending ? "ascending" : "descending", 0);
  }
}

TEST(CudaNearest, is_exact_when_the_sampled_rows_mislead) {
  // Every stride-th row is similar, the others are not: the threshold is far too high.
  Problem p = random_problem(20480, 4, 2, 300, 12);
  for (size_t row = 0; row < 20480; ++row) {
    const float level = row % 20 == 0 ? 5.0f : 1.0f;
    for (size_t d = 0; d < 4; ++d) p.bank[row * 4 + d] = level * std::abs(p.bank[row * 4 + d]);
  }
  for (float& x : p.queries) x = std::abs(x);
  expect_exact(p, "misleading sample", 2);
}

TEST(CudaNearest, is_exact_when_half_precision_cannot_tell_the_rows_apart) {
  // Rows within 2^-14 of each other: one fp16 value for many, in an order that only fp32 knows.
  Problem p = random_problem(3000, 16, 4, 100, 13);
  const std::vector<float> centre(p.bank.begin(), p.bank.begin() + 16);
  for (size_t i = 0; i < p.bank.size(); ++i) p.bank[i] = centre[i % 16] + 0x1p-14f * p.bank[i];
  expect_exact(p, "one huge cluster", 4);
}

TEST(CudaNearest, is_exact_for_subnormal_halves_and_zero_rows_and_duplicates) {
  Problem p = random_problem(2500, 12, 4, 400, 14);
  for (size_t row = 0; row < 2500; ++row) {
    float* values = &p.bank[row * 12];
    if (row % 3 == 0) std::copy_n(&p.bank[0], 12, values);
    if (row % 5 == 1) std::fill_n(values, 12, 0.0f);
    if (row % 7 == 2)
      for (size_t d = 0; d < 12; ++d) values[d] *= 1e-6f;
    if (row % 11 == 3)
      for (size_t d = 0; d < 12; ++d) values[d] *= 1e-38f;
  }
  expect_exact(p, "duplicates, subnormals, zeros", 4);
}

TEST(CudaNearest, is_exact_where_every_value_is_a_subnormal_half) {
  Problem p = random_problem(2000, 8, 3, 50, 15);
  for (float& x : p.bank) x *= 2e-7f;
  expect_exact(p, "subnormal bank", 3);
}

TEST(CudaNearest, is_exact_beyond_the_range_of_halves) {
  Problem p = random_problem(1500, 8, 3, 40, 16);
  for (size_t i = 0; i < p.bank.size(); i += 97) p.bank[i] *= 1e6f;
  expect_exact(p, "beyond fp16", 3);
}

TEST(CudaNearest, keeps_duplicate_queries_apart) {
  Problem p = random_problem(1500, 20, 6, 64, 17);
  for (size_t b = 1; b < 6; b += 2) std::copy_n(&p.queries[0], 20, &p.queries[b * 20]);
  expect_exact(p, "duplicate queries", 0);
}

TEST(CudaNearest, is_exact_where_all_rounding_errors_point_the_same_way) {
  // Both operands of row 0 are rounded down, both of row 1 up: approximately row 1 leads by almost
  // the whole bound, canonically row 0 is the best.
  constexpr float u = 0x1p-10f, low = 1 + 0.499f * u, high = 1 + 0.501f * u;
  Problem p{40, 17, 1, 1, std::vector<float>(40 * 17), std::vector<float>(17, 1.0f)};
  for (size_t d = 0; d < 8; ++d) {
    p.queries[d] = p.bank[d] = low;
    p.queries[8 + d] = p.bank[17 + 8 + d] = high;
  }
  p.bank[16] = 0.8f * u;
  ASSERT_EQ(on_cpu(p, INVP_CUDA_ORDER_ID).ids[0], 0);
  expect_exact(p, "aligned errors", 1);
}

TEST(CudaNearest, certifies_that_no_row_below_the_threshold_could_rank) {
  // Thresholds a few rows below the M-th best score, in a bank that fp16 cannot tell apart: enough
  // candidates, but some of the M best are not among them.
  Problem p = random_problem(3000, 16, 12, 100, 22);
  const std::vector<float> centre(p.bank.begin(), p.bank.begin() + 16);
  for (size_t i = 0; i < p.bank.size(); ++i) p.bank[i] = centre[i % 16] + 0x1p-12f * p.bank[i];
  const Result expected = on_cpu(p, INVP_CUDA_ORDER_ID);
  Problem more = p;
  for (int32_t extra : {5, 40}) {
    more.count = p.count + extra;
    const Result best = on_cpu(more, INVP_CUDA_ORDER_SIMILARITY);
    SearchOptions options;
    for (int32_t b = 0; b < p.batch; ++b)
      options.thresholds.push_back(
          best.scores[static_cast<size_t>(b * more.count + more.count - 1)]);
    expect_equal(p, options, expected, p.batch);
  }
}

TEST(CudaSimilar, scores_within_the_bound_on_every_schedule) {
  const Problem p = random_problem(140, 100, 5, 1, 23);
  int32_t pitch;
  check_status(invp_cuda_pitch(p.dimension, &pitch));
  DeviceArray<float> bank(p.bank), unit(p.queries), norm(1), bounds(5), scores(5 * 140);
  DeviceArray<uint16_t> shadow(static_cast<size_t>(140 * pitch)),
      queries(static_cast<size_t>(5 * pitch));
  DeviceArray<int32_t> verdict(1);
  for (uint64_t seed = 0; seed < schedules(12); ++seed) {
    invp_simt_seed(seed);
    check_status(invp_cuda_shadow(nullptr, bank.get(), 140, p.dimension, shadow.get(), norm.get()));
    check_status(invp_cuda_prepare_queries(nullptr, unit.get(), 5, p.dimension, norm.get(), 0,
                                           queries.get(), bounds.get(), verdict.get()));
    check_status(invp_cuda_sample_scores(nullptr, shadow.get(), 140, p.dimension, 140, 1,
                                         queries.get(), 5, scores.get()));
    const std::vector<float> found = scores.read(), bound = bounds.read();
    for (size_t b = 0; b < 5; ++b) {
      for (size_t row = 0; row < 140; ++row) {
        float expected = 0;
        for (size_t d = 0; d < 100; ++d)
          expected = std::fmaf(p.queries[b * 100 + d], p.bank[row * 100 + d], expected);
        ASSERT_LE(std::abs(found[b * 140 + row] - expected), bound[b])
            << "schedule " << seed << " query " << b << " row " << row;
      }
    }
  }
  invp_simt_seed(0);
}

TEST(CudaNearest, is_exact_where_the_square_of_a_norm_is_infinite) {
  Problem p = random_problem(300, 20, 3, 5, 8);
  for (const size_t row : {10, 57, 200}) {
    for (size_t d = 0; d < 20; ++d) p.bank[row * 20 + d] *= 3e20f;
  }
  expect_exact(p, "beyond the root of the largest float", 3);
}

TEST(CudaSimilar, finds_scores_equal_to_the_threshold_and_no_row_beyond_the_last) {
  for (int64_t rows : {1, 127, 128, 129, 300}) {
    constexpr int64_t kCapacity = 512;
    DeviceArray<uint16_t> shadow(std::vector<uint16_t>(static_cast<size_t>(rows) * 32)),
        queries(std::vector<uint16_t>(3 * 32));
    DeviceArray<float> thresholds(std::vector<float>(3, 0.0f));
    DeviceArray<int32_t> counts(std::vector<int32_t>(3 * INVP_CUDA_COUNTER_STRIDE));
    DeviceArray<uint64_t> candidates(3 * kCapacity);
    check_status(invp_cuda_similar(nullptr, shadow.get(), rows, 20, 0, rows, queries.get(), 3,
                                   thresholds.get(), counts.get(), candidates.get(), kCapacity));
    const std::vector<int32_t> found = counts.read();
    const std::vector<uint64_t> keys = candidates.read();
    for (size_t b = 0; b < 3; ++b) {
      ASSERT_EQ(found[b * INVP_CUDA_COUNTER_STRIDE], rows);
      std::vector<bool> seen(static_cast<size_t>(rows));
      for (size_t i = 0; i < seen.size(); ++i) {
        const int32_t id = bank::rank_id(keys[b * kCapacity + i]);
        ASSERT_LT(id, rows);
        seen[static_cast<size_t>(id)] = true;
      }
      EXPECT_EQ(std::count(seen.begin(), seen.end(), true), rows) << "each row once";
    }
  }
}

TEST(CudaNearest, repairs_every_query_when_the_lists_are_too_short) {
  const Problem p = random_problem(3000, 16, 9, 200, 18);
  const Result expected = on_cpu(p, INVP_CUDA_ORDER_ID);
  for (int32_t group : {1, 4, 9}) {
    for (Way way : {Way::kOwn, Way::kBlas}) {
      const SearchOutcome found = search(p, {.way = way, .capacity = 210, .group = group});
      EXPECT_EQ(found.missed, 9);
      EXPECT_EQ(found.result.ids, expected.ids);
      EXPECT_EQ(found.result.scores, expected.scores);
    }
  }
}

TEST(CudaNearest, leaves_rows_of_nan_out_and_says_when_too_few_are_left) {
  Problem p = random_problem(400, 8, 2, 90, 19);
  std::fill_n(p.bank.begin(), 20 * 8, std::numeric_limits<float>::quiet_NaN());
  expect_exact(p, "some NaN", 2);
  p.count = 390;
  const SearchOutcome found = search(p, {});
  EXPECT_EQ(found.missed, 2);
  EXPECT_EQ(found.verdict, 0x7FFFFFFF - 0);
}

TEST(CudaNearest, notices_a_query_that_is_not_finite) {
  Problem p = random_problem(40, 8, 2, 9, 20);
  p.queries[9] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(search(p, {}), std::runtime_error);
}

TEST(CudaNearest, gives_the_same_bits_on_every_schedule) {
  Problem p = random_problem(1100, 40, 3, 60, 21);
  for (size_t row = 0; row < 1100; row += 4) std::copy_n(&p.bank[40], 40, &p.bank[row * 40]);
  const Result expected = on_cpu(p, INVP_CUDA_ORDER_ID);
  for (uint64_t seed = 0; seed < schedules(12); ++seed) {
    SCOPED_TRACE("schedule " + std::to_string(seed));
    invp_simt_seed(seed);
    expect_equal(p, {.way = seed % 3 == 2 ? Way::kBlas : Way::kOwn}, expected, 3);
    const SearchOutcome repaired = search(p, {.capacity = 61, .group = 2});
    ASSERT_EQ(repaired.result.ids, expected.ids);
  }
  invp_simt_seed(0);
}

}  // namespace
}  // namespace invp::cuda_test
