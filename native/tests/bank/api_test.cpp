/* The C interface: what it refuses, and in which words. */
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "invp/bank.h"

namespace {

constexpr int32_t kRows = 50, kDimension = 6, kCount = 7;

std::string last_error() {
  std::vector<char> text(static_cast<size_t>(invp_bank_last_error(nullptr, 0)) + 1);
  invp_bank_last_error(text.data(), static_cast<int64_t>(text.size()));
  return text.data();
}

class BankApi : public testing::TestWithParam<float> {
 protected:
  void SetUp() override {
    ASSERT_EQ(invp_bank_engine_create(3, &engine_), INVP_OK);
    ASSERT_EQ(invp_bank_fill_random(engine_, bank_.data(), kRows, kDimension, 1), INVP_OK);
  }

  void TearDown() override { EXPECT_EQ(invp_bank_engine_destroy(engine_), INVP_OK); }

  int32_t nearest(int32_t count) {
    return invp_bank_nearest(engine_, bank_.data(), kRows, kDimension, queries_.data(), 2, count,
                             INVP_BANK_ORDER_SIMILARITY, ids_.data(), scores_.data());
  }

  invp_bank_engine* engine_ = nullptr;
  std::vector<float> bank_ = std::vector<float>(kRows * kDimension);
  std::vector<float> queries_ = std::vector<float>(2 * kDimension, 0.5f);
  std::vector<int32_t> ids_ = std::vector<int32_t>(2 * kRows, -7);
  std::vector<float> scores_ = std::vector<float>(2 * kRows);
};

TEST_P(BankApi, refuses_a_query_that_is_not_finite_and_leaves_the_results_alone) {
  queries_[kDimension + 2] = GetParam();
  EXPECT_EQ(nearest(kCount), INVP_INVALID_DATA);
  EXPECT_EQ(last_error(), "query 1 holds a NaN or an infinity");
  EXPECT_EQ(ids_, std::vector<int32_t>(2 * kRows, -7));
}

TEST_P(BankApi, refuses_a_bank_row_that_is_not_finite_at_the_door) {
  EXPECT_EQ(invp_bank_check_finite(engine_, bank_.data(), kRows, kDimension), INVP_OK);
  bank_[31 * kDimension + 5] = GetParam();
  EXPECT_EQ(invp_bank_check_finite(engine_, bank_.data(), kRows, kDimension), INVP_INVALID_DATA);
  EXPECT_EQ(last_error(), "bank row 31 holds a NaN or an infinity");
}

TEST_P(BankApi, refuses_an_embedding_that_is_not_finite_and_leaves_the_bank_alone) {
  const std::vector<float> before = bank_;
  const std::vector<int32_t> anchors = {3, 4};
  queries_[kDimension + 2] = GetParam();
  EXPECT_EQ(invp_bank_update(engine_, bank_.data(), kRows, kDimension, anchors.data(), 2,
                             queries_.data(), 0.5f),
            INVP_INVALID_DATA);
  EXPECT_EQ(last_error(), "embedding 1 holds a NaN or an infinity");
  EXPECT_EQ(bank_, before);
}

INSTANTIATE_TEST_SUITE_P(NotFinite, BankApi,
                         testing::Values(std::numeric_limits<float>::quiet_NaN(),
                                         std::numeric_limits<float>::infinity(),
                                         -std::numeric_limits<float>::infinity()));

class BankApiSearch : public BankApi {};

TEST_P(BankApiSearch, never_returns_a_nan_row_that_got_past_the_door) {
  for (int32_t d = 0; d < kDimension; ++d) bank_[3 * kDimension + d] = GetParam();
  EXPECT_EQ(nearest(kRows - 1), INVP_OK) << last_error();
  for (int32_t id : std::vector<int32_t>(ids_.begin(), ids_.begin() + 2 * (kRows - 1)))
    EXPECT_NE(id, 3);
  EXPECT_EQ(nearest(kRows), INVP_INVALID_DATA);
}

INSTANTIATE_TEST_SUITE_P(Nan, BankApiSearch,
                         testing::Values(std::numeric_limits<float>::quiet_NaN()));

TEST(BankApiArguments, are_refused_with_what_is_allowed) {
  invp_bank_engine* engine = nullptr;
  EXPECT_EQ(invp_bank_engine_create(0, &engine), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_bank_engine_create(1, nullptr), INVP_INVALID_ARGUMENT);
  ASSERT_EQ(invp_bank_engine_create(1, &engine), INVP_OK);
  const float row = 1;
  int32_t id = 0;
  float score = 0;
  EXPECT_EQ(invp_bank_nearest(engine, &row, 1, 1, &row, 1, 2, 0, &id, &score),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(last_error(), "count of nearest rows is 2, allowed: 1 to the bank's 1 rows");
  EXPECT_EQ(invp_bank_nearest(nullptr, &row, 1, 1, &row, 1, 1, 0, &id, &score),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_bank_engine_destroy(engine), INVP_OK);
  EXPECT_EQ(invp_bank_engine_destroy(nullptr), INVP_OK);
}

class GraphArguments : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(invp_bank_engine_create(1, &engine_), INVP_OK); }
  void TearDown() override { EXPECT_EQ(invp_bank_engine_destroy(engine_), INVP_OK); }

  int32_t update(std::vector<int32_t> nearest, int32_t batch = 1) {
    const std::vector<float> scores = {0.5f, 0.4f, 0.3f};
    const int32_t anchor = 2;
    return invp_bank_update_graph(engine_, graph_.data(), 5, 2, &anchor, batch, nearest.data(),
                                  scores.data(), 3, INVP_BANK_MODE_PAPER);
  }

  invp_bank_engine* engine_ = nullptr;
  std::vector<int32_t> graph_ = std::vector<int32_t>(10, 1);
};

TEST_F(GraphArguments, ids_outside_the_bank_never_reach_the_graph) {
  const std::vector<int32_t> before = graph_;
  for (const int32_t id : {-7, -1, 5, 99'999'999}) {
    EXPECT_EQ(update({0, id, 4}), INVP_INVALID_ARGUMENT);
    EXPECT_EQ(last_error(), "nearest id " + std::to_string(id) + " at position 1, allowed: 0 to 4");
  }
  EXPECT_EQ(graph_, before);
  EXPECT_EQ(update({0, 2, 4}), INVP_OK) << last_error();
}

TEST_F(GraphArguments, an_anchor_that_leaves_too_few_others_is_refused) {
  EXPECT_EQ(update({2, 2, 4}), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(last_error(),
            "anchor 2 is several times among its nearest, which leaves fewer than 2 others");
  EXPECT_EQ(update({0, 1, 4}), INVP_OK) << last_error();
}

/* Every array of a call that a test may move over another. */
class Overlap : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(invp_bank_engine_create(1, &engine_), INVP_OK); }
  void TearDown() override { EXPECT_EQ(invp_bank_engine_destroy(engine_), INVP_OK); }

  float* floats(size_t at) { return reinterpret_cast<float*>(memory_.data()) + at; }
  int32_t* ints(size_t at) { return memory_.data() + at; }

  invp_bank_engine* engine_ = nullptr;
  std::vector<int32_t> memory_ = std::vector<int32_t>(256, 1);
};

TEST_F(Overlap, of_what_is_written_is_refused_by_name) {
  const auto refused = [](int32_t status, const std::string& words) {
    EXPECT_EQ(status, INVP_INVALID_ARGUMENT);
    EXPECT_EQ(last_error(), words);
  };
  refused(invp_bank_nearest(engine_, floats(0), 5, 2, floats(10), 2, 3, INVP_BANK_ORDER_ID,
                            ints(20), floats(25)),
          "scores, which is written, overlaps ids");
  refused(invp_bank_score(engine_, floats(0), 5, 2, floats(20), 2, ints(30), 3, floats(9)),
          "scores, which is written, overlaps bank");
  refused(invp_bank_update(engine_, floats(0), 5, 2, ints(9), 2, floats(20), 0.5f),
          "bank, which is written, overlaps anchors");
  refused(invp_bank_walk(engine_, ints(0), 5, 2, ints(10), 2, 1, INVP_BANK_MODE_PAPER, ints(8)),
          "positives, which is written, overlaps graph");
  refused(invp_bank_normalise(engine_, floats(0), 4, 2, floats(2), floats(20),
                              reinterpret_cast<double*>(floats(40))),
          "unit, which is written, overlaps embeddings");
  // As a whole in place, and end to end, is no overlap.
  EXPECT_EQ(invp_bank_fill_random(engine_, floats(0), 5, 2, 1), INVP_OK);
  EXPECT_EQ(invp_bank_normalise(engine_, floats(0), 5, 2, floats(0), floats(10),
                                reinterpret_cast<double*>(floats(16))),
            INVP_OK)
      << last_error();
}

TEST_F(Overlap, and_absence_are_told_apart) {
  EXPECT_EQ(invp_bank_score(engine_, floats(0), 5, 2, nullptr, 2, ints(30), 3, floats(60)),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(last_error(), "unit is NULL");
}

/* The own score is 1000 temperatures behind the best of the nearest. */
TEST(Losses, stay_finite_where_the_own_row_is_far_behind) {
  invp_bank_engine* engine = nullptr;
  ASSERT_EQ(invp_bank_engine_create(1, &engine), INVP_OK);
  const std::vector<float> bank = {1, 0, 0, 1, -1, 0}, unit = {1, 0}, norm = {1}, own = {-1},
                           scores = {1, 0}, chosen_scores = {0};
  const std::vector<int32_t> anchor = {2}, nearest = {0, 1}, positives = {1}, chosen = {1};
  std::vector<float> gradient(2);
  double loss_ins = 0, loss_inv = 0;
  ASSERT_EQ(
      invp_bank_objective(engine, bank.data(), 3, 2, anchor.data(), 1, unit.data(), norm.data(),
                          own.data(), nearest.data(), scores.data(), 2, positives.data(), 1,
                          chosen.data(), chosen_scores.data(), 1, INVP_BANK_MODE_PAPER, 1, 0.002f,
                          1, &loss_ins, &loss_inv, gradient.data()),
      INVP_OK)
      << last_error();
  EXPECT_NEAR(loss_ins, 1000, 1e-3);
  EXPECT_NEAR(loss_inv, 500, 1e-3);
  for (const float slope : gradient) EXPECT_TRUE(std::isfinite(slope));
  // The same over one shard that is all of the bank.
  std::vector<int32_t> listed = nearest, inside = {0}, counts = {2}, rows(4), row_counts(1);
  std::vector<float> listed_scores = scores, maxima(2), weights(4);
  std::vector<double> sums(2), losses(2);
  ASSERT_EQ(invp_bank_shard_maxima(engine, 0, 1, anchor.data(), 1, positives.data(), 1,
                                   listed.data(), listed_scores.data(), 2, counts.data(),
                                   INVP_BANK_MODE_PAPER, 1, maxima.data()),
            INVP_OK)
      << last_error();
  ASSERT_EQ(invp_bank_shard_sums(engine, 0, 1, anchor.data(), 1, own.data(), positives.data(), 1,
                                 listed.data(), listed_scores.data(), 2, counts.data(),
                                 chosen.data(), chosen_scores.data(), 1, maxima.data(),
                                 INVP_BANK_MODE_PAPER, 1, 0.002f, sums.data()),
            INVP_OK)
      << last_error();
  ASSERT_EQ(invp_bank_shard_weights(engine, 0, 1, anchor.data(), 1, own.data(), inside.data(),
                                    positives.data(), 1, listed.data(), listed_scores.data(), 2,
                                    counts.data(), chosen.data(), chosen_scores.data(), 1,
                                    maxima.data(), sums.data(), INVP_BANK_MODE_PAPER, 1, 0.002f, 1,
                                    losses.data(), rows.data(), weights.data(), row_counts.data()),
            INVP_OK)
      << last_error();
  EXPECT_EQ(losses[0], loss_ins);
  EXPECT_EQ(losses[1], loss_inv);
  EXPECT_EQ(invp_bank_engine_destroy(engine), INVP_OK);
}

class ShardArguments : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(invp_bank_engine_create(1, &engine_), INVP_OK); }
  void TearDown() override { EXPECT_EQ(invp_bank_engine_destroy(engine_), INVP_OK); }

  int32_t maxima() {
    return invp_bank_shard_maxima(engine_, 1, 3, anchors_.data(), 1, positives_.data(), 2,
                                  nearest_.data(), scores_.data(), 3, counts_.data(),
                                  INVP_BANK_MODE_PAPER, 1, found_.data());
  }

  int32_t sums() {
    std::vector<double> sums(2);
    const std::vector<float> own = {0.5f}, chosen_scores = {0.5f, 0};
    return invp_bank_shard_sums(engine_, 1, 3, anchors_.data(), 1, own.data(), positives_.data(), 2,
                                nearest_.data(), scores_.data(), 3, counts_.data(), chosen_.data(),
                                chosen_scores.data(), 2, found_.data(), INVP_BANK_MODE_PAPER, 1,
                                0.1f, sums.data());
  }

  invp_bank_engine* engine_ = nullptr;
  std::vector<int32_t> anchors_ = {4}, positives_ = {2, -1}, nearest_ = {3, 1, 7}, counts_ = {2},
                       chosen_ = {2, -1};
  std::vector<float> scores_ = {0.5f, 0.4f, 0.3f}, found_ = std::vector<float>(2);
};

TEST_F(ShardArguments, of_a_whole_step_are_taken_and_sorted) {
  ASSERT_EQ(maxima(), INVP_OK) << last_error();
  EXPECT_EQ(nearest_, (std::vector<int32_t>{1, 3, 7}));
  EXPECT_EQ(sums(), INVP_OK) << last_error();
}

TEST_F(ShardArguments, that_are_no_ids_are_refused) {
  // The largest local id of rank 1 of 3 in a bank of 2147483647 rows.
  constexpr int32_t kLast = 715'827'881;
  nearest_ = {0, kLast, 0};
  EXPECT_EQ(maxima(), INVP_OK) << last_error();
  for (const int32_t id : {-1, -7, kLast + 1, std::numeric_limits<int32_t>::max()}) {
    nearest_ = {0, id, 0};
    EXPECT_EQ(maxima(), INVP_INVALID_ARGUMENT) << id;
    EXPECT_EQ(sums(), INVP_INVALID_ARGUMENT) << id;
    nearest_ = {0, 1, id};  // beyond the count
    EXPECT_EQ(maxima(), INVP_OK) << last_error();
  }
  nearest_ = {3, 1, 7};
  EXPECT_EQ(sums(), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(last_error(), "the nearest ids of row 0 do not ascend");
}

TEST_F(ShardArguments, whose_anchors_counts_or_chosen_are_none_are_refused) {
  anchors_ = {-1};
  EXPECT_EQ(maxima(), INVP_INVALID_ARGUMENT);
  anchors_ = {4};
  for (const int32_t count : {-1, 4}) {
    counts_ = {count};
    EXPECT_EQ(maxima(), INVP_INVALID_ARGUMENT);
    EXPECT_EQ(sums(), INVP_INVALID_ARGUMENT);
  }
  counts_ = {0};
  chosen_ = {-2, -1};
  EXPECT_EQ(sums(), INVP_INVALID_ARGUMENT);
  chosen_ = {-1, 2};
  EXPECT_EQ(sums(), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(last_error(), "row 0 of the chosen ids goes on behind a -1, which ends it");
}

TEST_F(GraphArguments, a_temperature_has_a_finite_reciprocal) {
  const float row[2] = {1, 0}, norm = 1;
  for (const float temperature : {0.0f, -1.0f, 1e-39f, std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN()}) {
    float gradient[2] = {1, 1};
    EXPECT_EQ(invp_bank_project(engine_, row, &norm, 1, 2, temperature, 1, gradient),
              INVP_INVALID_ARGUMENT);
  }
}

// Not for ThreadSanitizer, which would see the race that this is about.
#ifndef __SANITIZE_THREAD__
TEST_F(GraphArguments, ids_that_another_thread_changes_are_rows_or_refused) {
  constexpr int32_t kWidth = 4000;
  const std::vector<float> bank(10, 0.5f), unit(2, 0.5f);
  std::vector<int32_t> ids(kWidth, 4);
  std::vector<float> scores(kWidth);
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) {
      for (const int32_t id : {-2'000'000'000, 4, 2'000'000'000, 4})
        std::atomic_ref(ids[kWidth - 1]).store(id, std::memory_order_relaxed);
    }
  });
  int taken = 0;
  for (int call = 0; call < 3000; ++call) {
    const int32_t status = invp_bank_score(engine_, bank.data(), 5, 2, unit.data(), 1, ids.data(),
                                           kWidth, scores.data());
    taken += status == INVP_OK ? 1 : 0;
    EXPECT_TRUE(status == INVP_OK || status == INVP_INVALID_ARGUMENT);
  }
  done = true;
  other.join();
  RecordProperty("taken", taken);
}
#endif

TEST_F(GraphArguments, a_batch_has_at_least_one_anchor) {
  const int32_t anchor = 2;
  const float row[2] = {1, 0};
  float bank[10] = {};
  int32_t found[6];
  for (const int32_t batch : {0, -3}) {
    EXPECT_EQ(update({0, 1, 4}, batch), INVP_INVALID_ARGUMENT);
    EXPECT_EQ(invp_bank_update(engine_, bank, 5, 2, &anchor, batch, row, 0.5f),
              INVP_INVALID_ARGUMENT);
    EXPECT_EQ(invp_bank_walk(engine_, graph_.data(), 5, 2, &anchor, batch, 2, INVP_BANK_MODE_PAPER,
                             found),
              INVP_INVALID_ARGUMENT);
    EXPECT_EQ(last_error(), "batch must be at least 1");
  }
}

}  // namespace
