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

}  // namespace
