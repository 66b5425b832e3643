/* How the search divides its work among threads: simulated with many more threads than cores, each
 * of which must take a part. */
#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "nearest.h"

namespace invp::bank {
namespace {

constexpr int kThreads = 19;
constexpr int32_t kRows = 20011, kDimension = 8, kBatch = 5, kCount = 400;

/* What one thread was given. */
struct Share {
  std::set<const void*> thresholds, candidates;
  std::vector<std::pair<int32_t, int32_t>> rows;
};

/* The scan that a search runs, and what it was called with. A kernel has no state of its own. */
struct Recorder {
  void (*scan)(const ScanBlock&) = nullptr;
  std::mutex mutex;
  std::map<std::thread::id, Share> shares;
  std::latch everybody{kThreads};
};
Recorder* recorder = nullptr;

void recorded_scan(const ScanBlock& block) {
  bool first = false;
  {
    const std::lock_guard lock(recorder->mutex);
    Share& share = recorder->shares[std::this_thread::get_id()];
    first = share.rows.empty();
    share.thresholds.insert(block.thresholds);
    share.candidates.insert(block.candidates);
    share.rows.emplace_back(block.first_id, block.first_id + block.count);
  }
  // Nobody takes a second piece before every thread has one.
  if (first) recorder->everybody.arrive_and_wait();
  recorder->scan(block);
}

class WorkSplit : public testing::Test {
 protected:
  void SetUp() override {
    std::mt19937 random(17);
    std::normal_distribution<float> normal;
    std::vector<float> bank(size_t{kRows} * kDimension), queries(size_t{kBatch} * kDimension);
    for (float& x : bank) x = normal(random);
    for (float& x : queries) x = normal(random);
    std::vector<int32_t> ids(size_t{kBatch} * kCount);
    std::vector<float> scores(ids.size());

    recorder = &recorder_;
    recorder_.scan = best_kernels().scan;
    Kernels kernels = best_kernels();
    kernels.scan = recorded_scan;
    ThreadPool pool(kThreads);
    NearestSearch(pool, kernels)
        .run(bank.data(), kRows, kDimension, queries.data(), kBatch, kCount, Order::kId, ids.data(),
             scores.data());
  }

  void TearDown() override { recorder = nullptr; }

  Recorder recorder_;
};

TEST_F(WorkSplit, hands_every_row_to_one_thread_and_ascending_rows_to_each) {
  std::vector<int> visits(kRows);
  for (const auto& [thread, share] : recorder_.shares) {
    int32_t last = 0;
    for (const auto& [begin, end] : share.rows) {
      EXPECT_GE(begin, last);
      last = end;
      for (int32_t row = begin; row < end; ++row) ++visits[static_cast<size_t>(row)];
    }
  }
  EXPECT_EQ(recorder_.shares.size(), size_t{kThreads});
  EXPECT_EQ(visits, std::vector<int>(kRows, 1));
}

TEST_F(WorkSplit, gives_every_thread_thresholds_and_lists_of_its_own) {
  std::set<const void*> thresholds, candidates;
  for (const auto& [thread, share] : recorder_.shares) {
    EXPECT_EQ(share.thresholds.size(), 1u);
    EXPECT_EQ(share.candidates.size(), 1u);
    thresholds.insert(share.thresholds.begin(), share.thresholds.end());
    candidates.insert(share.candidates.begin(), share.candidates.end());
  }
  EXPECT_EQ(thresholds.size(), size_t{kThreads});
  EXPECT_EQ(candidates.size(), size_t{kThreads});
}

}  // namespace
}  // namespace invp::bank
