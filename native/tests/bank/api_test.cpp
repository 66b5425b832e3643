/* The C interface: what it refuses, and in which words. */
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
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
